//! How many threads compute.

use docmind_core::profile::Profile;
use std::collections::HashSet;
use std::fs;

/// Threads for a profile: its own, or one a physical core. Of a processor with cores of two kinds only the fast ones count: a batch
/// is done when its slowest part is (llama.cpp's own tools choose so, `common_cpu_get_num_math` in `common/common.cpp`).
pub fn threads(profile: &Profile) -> u32 {
    if profile.threads > 0 {
        return profile.threads;
    }
    let allowed = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    let cores = fs::read_to_string("/proc/cpuinfo").map_or(0, |text| physical_cores(&text, fast_processors().as_ref()));
    if cores > 0 { cores.min(allowed) } else { allowed }
}

/// Numbers of the fast processors, where Linux tells two kinds apart.
fn fast_processors() -> Option<HashSet<u32>> {
    let list = fs::read_to_string("/sys/devices/cpu_core/cpus").ok()?;
    processors(&list).filter(|fast| !fast.is_empty())
}

/// A list such as `0-7,16`.
fn processors(list: &str) -> Option<HashSet<u32>> {
    let mut out = HashSet::new();
    for part in list.trim().split(',').filter(|part| !part.is_empty()) {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        out.extend(from.parse::<u32>().ok()?..=to.parse().ok()?);
    }
    Some(out)
}

/// Different (package, core) pairs among the processors of `/proc/cpuinfo`, or of those among them that `counted` names; 0 where it
/// tells none, as on Arm.
fn physical_cores(cpuinfo: &str, counted: Option<&HashSet<u32>>) -> u32 {
    let mut cores = HashSet::new();
    for stanza in cpuinfo.split("\n\n") {
        let value = |name: &str| {
            stanza.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                (key.trim() == name).then(|| value.trim())
            })
        };
        let counts = |processor: &str| {
            counted.is_none_or(|counted| {
                processor
                    .parse::<u32>()
                    .is_ok_and(|processor| counted.contains(&processor))
            })
        };
        if let (Some(processor), Some(core)) = (value("processor"), value("core id"))
            && counts(processor)
        {
            cores.insert((value("physical id").unwrap_or_default(), core));
        }
    }
    cores.len() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpuinfo(processors: &[(u32, u32)]) -> String {
        processors
            .iter()
            .map(|(processor, core)| {
                format!("processor\t: {processor}\nmodel name\t: Test\nphysical id\t: 0\ncore id\t\t: {core}\n\n")
            })
            .collect()
    }

    #[test]
    fn two_threads_of_a_core_count_once() {
        assert_eq!(physical_cores(&cpuinfo(&[(0, 0), (1, 0), (2, 1), (3, 1)]), None), 2);
        assert_eq!(physical_cores(&cpuinfo(&[(0, 0), (1, 1)]), None), 2);
        assert_eq!(physical_cores("processor\t: 0\nBogoMIPS\t: 50\n", None), 0);
    }

    #[test]
    fn of_two_kinds_the_fast_ones_count() {
        // Two fast cores of two threads each, and four slow ones.
        let text = cpuinfo(&[(0, 0), (1, 0), (2, 4), (3, 4), (4, 8), (5, 9), (6, 10), (7, 11)]);
        let fast = processors("0-3\n").expect("a list");
        assert_eq!(physical_cores(&text, Some(&fast)), 2);
        assert_eq!(processors("0-1,16"), Some([0, 1, 16].into()));
        assert_eq!(processors("x"), None);
    }
}
