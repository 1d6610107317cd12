//! Where the project's files are.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold what was built or found, never what was written.
const GENERATED: [&str; 4] = ["target", ".git", "corpus", "artifacts"];
/// Cargo marks a target directory of any name with this file.
const CACHE_MARK: &str = "CACHEDIR.TAG";

/// A tree of project files: the real one, or one that a test made.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

/// One file's place relative to the root, with forward slashes, and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// For example `crates/libiocp/src/port/queue.rs`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl Project {
    /// The tree that this program was built from.
    pub fn here() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        Self::at(manifest.parent().unwrap_or(manifest))
    }

    /// The tree under `root`.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The absolute path of the root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute form of `relative`.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The text of one file, or `None` if it is not there or not UTF-8.
    pub fn read(&self, relative: &str) -> Option<String> {
        fs::read_to_string(self.path(relative)).ok()
    }

    /// Every written file with one of these endings, sorted by path.
    pub fn files(&self, endings: &[&str]) -> Vec<SourceFile> {
        let mut found = Vec::new();
        self.collect(&self.root, endings, &mut found);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn collect(&self, directory: &Path, endings: &[&str], found: &mut Vec<SourceFile>) {
        let Ok(entries) = fs::read_dir(directory) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                let is_cache = path.join(CACHE_MARK).exists();
                if !is_cache && !GENERATED.contains(&name.as_str()) {
                    self.collect(&path, endings, found);
                }
            } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
                let relative = path.strip_prefix(&self.root).unwrap_or(&path);
                if let Ok(bytes) = fs::read(&path) {
                    found.push(SourceFile {
                        path: relative.to_string_lossy().into_owned(),
                        text: String::from_utf8_lossy(&bytes).into_owned(),
                    });
                }
            }
        }
    }
}
