//! A machine of its own for a kernel: this machine's files, read through a layer that keeps what
//! is written, and a list of programs to run.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::archive::release;
use crate::process::{self, Failure};

const EMULATOR: &str = "qemu-system-x86_64";
/// What the kernel is asked to load, with what each needs: its disk, this machine's files, and
/// the layer over them.
const MODULES: [&str; 6] =
    ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "9pnet_virtio", "9p"];
const LAYER: &str = "overlay";
/// Bytes of the disk, which is sparse.
const DISK: u64 = 6 << 30;
const LIMIT: Duration = Duration::from_secs(90 * 60);
/// A machine that has not started then will not.
const BOOT_LIMIT: Duration = Duration::from_secs(20);

/// The first program of the machine. It runs `work` in what looks like this machine.
const INIT: &str = r"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules); do insmod /lib/$module || echo cannot load $module; done
if grep -q only_boot /proc/cmdline; then echo BOOTED; poweroff -f; fi
mkdir -p /lower /disk /whole
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro files /lower &&
mount -t ext4 /dev/vda /disk &&
mkdir -p /disk/upper /disk/work /disk/tmp &&
mount -t overlay -o lowerdir=/lower,upperdir=/disk/upper,workdir=/disk/work layer /whole &&
mkdir -p /whole/guest && mount --bind /disk/tmp /whole/guest || echo no files
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
for place in proc sys dev; do mount --rbind /$place /whole/$place; done
ln -sf /proc/self/fd /dev/fd
ip link set lo up
hostname guest
cp /work /whole/work.sh
chroot /whole /bin/bash /work.sh
sync
poweroff -f
";

fn failed(what: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    move |error| Failure::new(format!("{}: {error}", what.display()))
}

/// Whether what this needs is installed; one sentence if it is not.
pub(super) fn check() -> Result<(), Failure> {
    for (program, package) in [
        (EMULATOR, "qemu-system-x86"),
        ("/bin/busybox", "busybox-static"),
        ("cpio", "cpio"),
        ("/sbin/depmod", "kmod"),
        ("/sbin/mkfs.ext4", "e2fsprogs"),
        ("xz", "xz-utils"),
        ("apt-get", "apt"),
    ] {
        if !process::is_installed(program) {
            let text = format!("`{program}` is missing: install the Debian package {package}");
            return Err(Failure::new(text));
        }
    }
    Ok(())
}

/// A module's name as `modules.dep` has it.
fn name_of(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file)
}

/// The paths to load for `wanted`, in order. What is not in the list is built in.
fn load_order(dependencies: &str, wanted: &[&str]) -> Vec<String> {
    let mut order: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    for name in wanted {
        let line = dependencies.lines().find_map(|line| {
            let (path, needs) = line.split_once(':')?;
            (name_of(path) == *name).then_some((path, needs))
        });
        let Some((path, needs)) = line else { continue };
        // What is needed first stands last.
        for path in needs.split_whitespace().rev().chain([path]) {
            if known.insert(path.to_owned()) {
                order.push(path.to_owned());
            }
        }
    }
    order
}

/// The machine's first file system.
fn initial_files(kernel: &Path, place: &Path, work: &str) -> Result<PathBuf, Failure> {
    let root = place.join("initial");
    let _ = fs::remove_dir_all(&root);
    for directory in ["bin", "lib", "proc", "sys", "dev"] {
        let path = root.join(directory);
        fs::create_dir_all(&path).map_err(failed(&path))?;
    }
    let write = |name: &str, text: &str, mode| {
        let path = root.join(name);
        fs::write(&path, text).map_err(failed(&path))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(failed(&path))
    };
    let busybox = Path::new("/bin/busybox");
    fs::copy(busybox, root.join("bin/busybox")).map_err(failed(busybox))?;
    symlink("/bin/busybox", root.join("bin/sh")).map_err(failed(&root))?;
    let modules = kernel.join("lib/modules").join(release(kernel)?);
    let list = modules.join("modules.dep");
    let dependencies = fs::read_to_string(&list).map_err(failed(&list))?;
    let mut names = String::new();
    for path in load_order(&dependencies, &[&MODULES[..], &[LAYER]].concat()) {
        let name = format!("{}.ko", name_of(&path));
        let (source, target) = (modules.join(&path), root.join("lib").join(&name));
        if path.ends_with(".xz") {
            let packed = root.join("lib").join(format!("{name}.xz"));
            fs::copy(&source, &packed).map_err(failed(&source))?;
            process::run(Command::new("xz").arg("-d").arg(&packed))?;
        } else {
            fs::copy(&source, &target).map_err(failed(&source))?;
        }
        let _ = writeln!(names, "{name}");
    }
    write("modules", &names, 0o644)?;
    write("init", INIT, 0o755)?;
    write("work", work, 0o755)?;
    let archive = place.join("initial.cpio");
    let pack = format!("find . | cpio --quiet -o -H newc > '{}'", archive.display());
    process::run(Command::new("sh").args(["-c", &pack]).current_dir(&root))?;
    Ok(archive)
}

fn disk(place: &Path) -> Result<PathBuf, Failure> {
    let path = place.join("disk");
    let _ = fs::remove_file(&path);
    let file = fs::File::create(&path).map_err(failed(&path))?;
    file.set_len(DISK).map_err(failed(&path))?;
    process::run(Command::new("/sbin/mkfs.ext4").args(["-q", "-F"]).arg(&path))?;
    Ok(path)
}

/// What every start of the emulator has in common.
fn emulator(
    kernel: &Path,
    initial: &Path,
    accelerator: &str,
    words: &str,
) -> Result<Command, Failure> {
    let image = kernel.join("boot").join(format!("vmlinuz-{}", release(kernel)?));
    let mut command = Command::new(EMULATOR);
    command.args(["-machine", &format!("q35,accel={accelerator}")]);
    command.args(["-cpu", "max,arch-capabilities=off", "-smp", "2", "-m", "3G"]);
    command.args(["-nographic", "-no-reboot", "-nic", "none", "-append"]);
    command.arg(format!("console=ttyS0 quiet panic=-1 mitigations=off {words}"));
    command.arg("-kernel").arg(image).arg("-initrd").arg(initial);
    Ok(command)
}

/// `kvm` if a machine starts with it: it may be there and not work. Else `tcg`, which is slow.
fn accelerator(kernel: &Path, initial: &Path, place: &Path) -> Result<&'static str, Failure> {
    let mut command = emulator(kernel, initial, "kvm", "only_boot")?;
    let outcome = process::run_limited(&mut command, &place.join("boot.log"), BOOT_LIMIT)?;
    let works = outcome.status.is_some() && outcome.output.contains("BOOTED");
    Ok(if works { "kvm" } else { "tcg" })
}

/// Boots a kernel, runs the script `work` in it, and returns what it printed.
pub(super) fn run(kernel: &Path, place: &Path, work: &str) -> Result<String, Failure> {
    let initial = initial_files(kernel, place, work)?;
    let accelerator = accelerator(kernel, &initial, place)?;
    println!("in qemu with {accelerator}; its console is {}/console.log", place.display());
    let disk = disk(place)?;
    let mut command = emulator(kernel, &initial, accelerator, "")?;
    command.arg("-drive").arg(format!("file={},if=virtio,format=raw,cache=unsafe", disk.display()));
    command.arg("-virtfs");
    command.arg("local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap");
    let outcome = process::run_limited(&mut command, &place.join("console.log"), LIMIT);
    let _ = fs::remove_file(disk);
    let outcome = outcome?;
    match outcome.status {
        Some(_) => Ok(outcome.output.replace('\r', "")),
        None => Err(Failure::new(format!("killed after {} s", LIMIT.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_loaded_after_what_they_need() {
        let dependencies = "kernel/fs/ext4/ext4.ko: kernel/lib/crc16.ko kernel/fs/jbd2/jbd2.ko\n\
                            kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/lib/crc16.ko\n";
        let order = load_order(dependencies, &["ext4", "built_in", "9p"]);
        let names: Vec<&str> = order.iter().map(|path| name_of(path)).collect();
        assert_eq!(names, ["jbd2", "crc16", "ext4", "9pnet", "9p"]);
    }
}
