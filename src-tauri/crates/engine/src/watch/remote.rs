//! Folders on other machines: of what others change in them the system tells nothing, though it takes the watch.

use std::path::{Path, PathBuf};

/// File systems, as Linux names them, on which others than this machine's programs write.
const KINDS: &[&str] = &[
    "9p",
    "afs",
    "ceph",
    "cifs",
    "davfs",
    "fuse.glusterfs",
    "fuse.gvfsd-fuse",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "prl_fs",
    "smb3",
    "smbfs",
    "vboxsf",
    "virtiofs",
    "vmhgfs",
];

/// Whether others may change what is in a folder without this system's knowing.
pub(super) fn is_remote(folder: &Path) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let Ok(mounts) = std::fs::read("/proc/self/mounts") else {
        return false;
    };
    let mounts = String::from_utf8_lossy(&mounts);
    kind_of(&mounts, folder).is_some_and(|kind| KINDS.contains(&kind))
}

/// The kind of file system that a folder lies on: of the last mount of all those deepest above it.
fn kind_of<'m>(mounts: &'m str, folder: &Path) -> Option<&'m str> {
    let mut deepest: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (fields.next(), fields.next()) else {
            continue;
        };
        let place = unescaped(place);
        let depth = place.components().count();
        if folder.starts_with(&place) && deepest.is_none_or(|(known, _)| depth >= known) {
            deepest = Some((depth, kind));
        }
    }
    deepest.map(|(_, kind)| kind)
}

/// Blanks and backslashes stand as octal numbers there.
fn unescaped(place: &str) -> PathBuf {
    let mut out = place.to_owned();
    for (written, meant) in [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")] {
        out = out.replace(written, meant);
    }
    PathBuf::from(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_above_a_folder_counts() {
        let mounts = "sysfs /sys sysfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\n\
             //nas/papers /mnt/old\\040papers cifs rw 0 0\nada@far: /home/ada/far fuse.sshfs rw 0 0\n\
             systemd-1 /mnt/auto autofs rw 0 0\nfar:/auto /mnt/auto nfs4 rw 0 0\nno mount\n";
        let kind = |folder: &str| kind_of(mounts, Path::new(folder));
        assert_eq!(kind("/home/ada/papers"), Some("ext4"));
        assert_eq!(kind("/mnt/old papers/1999"), Some("cifs"));
        assert_eq!(kind("/mnt/old papers of others"), Some("ext4"));
        assert_eq!(kind("/home/ada/far"), Some("fuse.sshfs"));
        assert_eq!(kind("/mnt/auto/x"), Some("nfs4"));
        assert_eq!(kind("relative"), None);
    }
}
