from remuda.facts.disk import Disk, disk_of

ROOT = Disk("/", "ext4", "/dev/sda1")
DATA = Disk("/data", "exfat", "/dev/sdb1")


def test_a_path_is_on_the_disk_that_is_mounted_closest_above_it() -> None:
    disks = (ROOT, DATA)
    assert disk_of(disks, "/data/models/a.gguf") == DATA
    assert disk_of(disks, "/data") == DATA
    assert disk_of(disks, "/database") == ROOT
    assert disk_of((), "/") is None


def test_file_systems_of_other_worlds_have_no_hard_links() -> None:
    assert ROOT.has_hard_links
    assert not DATA.has_hard_links
