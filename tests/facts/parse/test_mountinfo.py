from remuda.facts.disk import Disk
from remuda.facts.parse.mountinfo import disks

MOUNTS = """\
22 1 0:30 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/l
23 22 0:21 / /proc rw,nosuid shared:12 - proc proc rw
24 22 259:3 / /data rw,relatime shared:7 master:2 - xfs /dev/nvme1n1 rw,attr2
25 22 0:40 / /mnt/big\\040models ro,relatime - nfs4 nas:/models rw,vers=4.2
26 22 259:2 /etc/hosts /etc/hosts rw - ext4 /dev/vda rw
27 22 0:41 / /tmp rw - tmpfs tmpfs rw
28 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
29 24 0:44 / /data rw - btrfs /dev/sdb rw
"""


def test_disks_are_the_root_and_all_that_is_not_the_kernels_own() -> None:
    assert disks(MOUNTS) == (
        Disk("/", "overlay", "overlay"),
        Disk("/data", "btrfs", "/dev/sdb"),
        Disk("/mnt/big models", "nfs4", "nas:/models", is_read_only=True),
    )


def test_no_mounts_are_no_disks() -> None:
    assert disks("") == ()
