//! Which part of a load is this machine's.

use crate::scenario::load::Shard;

/// A shard by its two numbers, or what the environment of an array job says.
///
/// # Errors
/// What is wrong with it.
pub fn of(text: Option<&str>, environment: impl Fn(&str) -> Option<String>) -> Result<Shard, String> {
    let Some(text) = text else { return Ok(Shard::WHOLE) };
    let Some(rest) = text.strip_prefix("auto") else { return text.parse() };
    let number = |name| environment(name).and_then(|value| value.trim().parse::<u64>().ok());
    let first = number("SLURM_ARRAY_TASK_MIN").unwrap_or(0);
    let index = number("JOB_COMPLETION_INDEX").or(number("SLURM_ARRAY_TASK_ID").map(|id| id.saturating_sub(first)));
    let count = match rest.strip_prefix('/') {
        Some(count) => count.parse().ok(),
        None => number("SLURM_ARRAY_TASK_COUNT"),
    };
    match (index, count) {
        (Some(index), Some(count)) => format!("{index}/{count}").parse(),
        (None, _) => Err("auto: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set".to_owned()),
        (_, None) => Err("auto: the environment does not say of how many; write auto/8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_jobs_say_which_part() {
        let slurm = |name: &str| match name {
            "SLURM_ARRAY_TASK_ID" => Some("3".to_owned()),
            "SLURM_ARRAY_TASK_MIN" => Some("1".to_owned()),
            "SLURM_ARRAY_TASK_COUNT" => Some("4".to_owned()),
            _ => None,
        };
        let kubernetes = |name: &str| (name == "JOB_COMPLETION_INDEX").then(|| "5".to_owned());
        assert_eq!(of(Some("auto"), slurm), Ok(Shard { index: 2, count: 4 }));
        assert_eq!(of(Some("auto/8"), kubernetes), Ok(Shard { index: 5, count: 8 }));
        assert_eq!(of(Some("1/3"), |_| None), Ok(Shard { index: 1, count: 3 }));
        assert_eq!(of(None, |_| None), Ok(Shard::WHOLE));
        assert!(of(Some("auto"), kubernetes).is_err() && of(Some("auto/4"), |_| None).is_err());
        assert!(of(Some("auto/5"), kubernetes).is_err());
    }
}
