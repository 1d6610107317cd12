//! Kernels from Debian's archive, by apt's own tools, in a directory of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{self, Failure};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SUITES: [(&str, &str); 6] = [
    ("debian", "bullseye"),
    ("debian-security", "bullseye-security"),
    ("debian", "bookworm"),
    ("debian-security", "bookworm-security"),
    ("debian", "bookworm-backports"),
    ("debian", "trixie"),
];

/// Major, minor and patch number.
pub(super) type Version = [u32; 3];

/// A kernel that the archive offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) package: String,
    /// As Debian writes it.
    pub(super) full: String,
    pub(super) version: Version,
}

/// Apt with its lists and packages below one directory.
pub(super) struct Archive {
    directory: PathBuf,
}

fn failed(what: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::new(format!("{}: {error}", what.display()))
}

fn version(text: &str) -> Option<Version> {
    let upstream = text.split(['-', '~', '+']).next()?;
    let mut numbers = upstream.split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next().flatten()?])
}

/// One line of `apt-cache madison`; only plain kernels have a number before `-amd64`.
fn offer(line: &str) -> Option<Offer> {
    let mut columns = line.split('|').map(str::trim);
    let (package, full) = (columns.next()?, columns.next()?);
    let rest = package.strip_prefix("linux-image-")?.strip_suffix("-amd64")?;
    let is_plain =
        rest.matches('.').count() >= 2 && !rest.contains("cloud") && !rest.contains("rt");
    let offer = Offer { package: package.into(), full: full.into(), version: version(full)? };
    is_plain.then_some(offer)
}

impl Archive {
    /// With fresh lists of what there is.
    pub(super) fn open(directory: PathBuf) -> Result<Self, Failure> {
        let sources = directory.join("sources.list");
        for part in ["lists/partial", "cache/archives/partial"] {
            let part = directory.join(part);
            fs::create_dir_all(&part).map_err(failed(&part))?;
        }
        let line = |(archive, suite)| {
            format!("deb [signed-by={KEYRING}] http://deb.debian.org/{archive} {suite} main\n")
        };
        let text: String = SUITES.map(line).concat();
        fs::write(&sources, text).map_err(failed(&sources))?;
        let archive = Self { directory };
        process::run(archive.apt("apt-get").args(["update", "-q=2"])).map_err(|why| {
            Failure::new(format!("no kernel can be had, Debian's archive does not answer: {why}"))
        })?;
        Ok(archive)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let directory = self.directory.display();
        for option in [
            format!("Dir::Etc::SourceList={directory}/sources.list"),
            "Dir::Etc::SourceParts=/dev/null".to_owned(),
            format!("Dir::State::Lists={directory}/lists"),
            format!("Dir::Cache={directory}/cache"),
            "APT::Sandbox::User=root".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }

    fn output(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.apt("apt-cache").args(arguments).output();
        let output = output.map_err(|error| Failure::new(format!("apt-cache: {error}")))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Every plain kernel, oldest first.
    pub(super) fn offers(&self) -> Result<Vec<Offer>, Failure> {
        let names = self.output(&["pkgnames", "linux-image-"])?;
        let names: Vec<&str> = names
            .lines()
            .filter(|name| name.ends_with("-amd64") && !name.contains("cloud-"))
            .collect();
        let table = self.output(&[&["madison"][..], &names].concat())?;
        let mut offers: Vec<Offer> = table.lines().filter_map(offer).collect();
        offers.sort_by(|a, b| (a.version, &a.package).cmp(&(b.version, &b.package)));
        offers.dedup();
        Ok(offers)
    }

    /// The directory that holds a kernel's `boot` and `lib`.
    pub(super) fn unpacked(&self, offer: &Offer) -> Result<PathBuf, Failure> {
        let place = self.directory.join(&offer.package);
        let mark = place.join("boot");
        if mark.exists() {
            return Ok(place);
        }
        fs::create_dir_all(&place).map_err(failed(&place))?;
        let wanted = format!("{}={}", offer.package, offer.full);
        let mut download = self.apt("apt-get");
        process::run(download.current_dir(&place).args(["download", "-q=2", &wanted]))?;
        let package = fs::read_dir(&place)
            .map_err(failed(&place))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|ending| ending == "deb"))
            .ok_or_else(|| Failure::new(format!("{wanted} was not downloaded")))?;
        process::run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&place))?;
        let release = release(&place)?;
        process::run(Command::new("/sbin/depmod").arg("-b").arg(&place).arg(release))?;
        Ok(place)
    }
}

/// What `uname -r` says under an unpacked kernel.
pub(super) fn release(unpacked: &Path) -> Result<String, Failure> {
    let modules = unpacked.join("lib/modules");
    let mut entries = fs::read_dir(&modules).map_err(failed(&modules))?;
    let entry = entries.next().and_then(Result::ok);
    let name = entry.map(|entry| entry.file_name().to_string_lossy().into_owned());
    name.ok_or_else(|| Failure::new(format!("{} is empty", modules.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_kernels_are_told_from_the_others() {
        let line = "linux-image-6.1.0-47-amd64 |  6.1.170-3 | http://deb.debian.org/debian main";
        let found = offer(line).expect("an offer");
        assert_eq!((found.version, found.full.as_str()), ([6, 1, 170], "6.1.170-3"));
        for other in [
            "linux-image-6.1-amd64",
            "linux-image-6.1.0-47-cloud-amd64",
            "linux-image-6.1.0-4-rt-amd64",
        ] {
            assert_eq!(offer(&format!("{other} | 6.1.170-3 | http://deb")), None);
        }
        assert_eq!(version("6.12.43-1~bpo12+1"), Some([6, 12, 43]));
        assert_eq!(version("nonsense"), None);
    }
}
