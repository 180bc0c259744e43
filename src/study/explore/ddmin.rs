//! Delta debugging: the smallest part of a list that still fails.

/// Takes items away as long as what is left still `fails`; nothing of the result can be left out alone.
///
/// Zeller's and Hildebrandt's ddmin: first halves, then ever smaller parts and their complements. `fails` must hold for the whole
/// list. `None` from `fails` ends the search with the smallest list so far.
pub async fn ddmin<T: Clone>(items: Vec<T>, mut fails: impl AsyncFnMut(&[T]) -> Option<bool>) -> Vec<T> {
    let mut left = items;
    match fails(&[]).await {
        Some(true) | None if left.is_empty() => return left,
        Some(true) => return Vec::new(),
        Some(false) => {}
        None => return left,
    }
    let mut parts = 2;
    while left.len() >= 2 {
        match reduce(&left, parts, &mut fails).await {
            Some(Reduced::ToPart(part)) => (left, parts) = (part, 2),
            Some(Reduced::ToRest(rest)) => (left, parts) = (rest, (parts - 1).max(2)),
            Some(Reduced::Not) if parts >= left.len() => break,
            Some(Reduced::Not) => parts = (parts * 2).min(left.len()),
            None => break,
        }
    }
    left
}

enum Reduced<T> {
    ToPart(Vec<T>),
    ToRest(Vec<T>),
    Not,
}

async fn reduce<T: Clone>(
    items: &[T],
    parts: usize,
    fails: &mut impl AsyncFnMut(&[T]) -> Option<bool>,
) -> Option<Reduced<T>> {
    let length = items.len().div_ceil(parts);
    for part in items.chunks(length) {
        if fails(part).await? {
            return Some(Reduced::ToPart(part.to_vec()));
        }
    }
    // With two parts the rest of one is the other.
    for start in (0..items.len()).step_by(length).filter(|_| parts > 2) {
        let end = (start + length).min(items.len());
        let rest = [&items[..start], &items[end..]].concat();
        if fails(&rest).await? {
            return Some(Reduced::ToRest(rest));
        }
    }
    Some(Reduced::Not)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// What is left of `0..count` if it fails when all of `needed` are there, and how often that was tried.
    fn smallest(count: u32, needed: &[u32]) -> (Vec<u32>, u32) {
        let mut tries = 0;
        let fails = async |items: &[u32]| {
            tries += 1;
            Some(needed.iter().all(|one| items.contains(one)))
        };
        let left = ddmin((0..count).collect(), fails).now_or_never().unwrap();
        (left, tries)
    }

    #[test]
    fn what_is_needed_is_left() {
        for needed in [vec![], vec![0], vec![99], vec![3, 4], vec![0, 50, 99], vec![10, 30, 50, 70, 90]] {
            assert_eq!(smallest(100, &needed).0, needed);
        }
        assert_eq!(smallest(0, &[]).0, Vec::<u32>::new());
        assert_eq!(smallest(1, &[0]).0, [0]);
    }

    #[test]
    fn one_of_many_is_soon_found() {
        let (_, tries) = smallest(1024, &[700]);
        assert!(tries < 40, "{tries}");
    }

    #[test]
    fn whoever_is_stopped_keeps_what_there_is() {
        let mut budget = 3;
        let fails = async |items: &[u32]| {
            budget -= 1;
            (budget >= 0).then(|| items.contains(&1))
        };
        let left = ddmin((0..64).collect(), fails).now_or_never().unwrap();
        assert!(left.contains(&1) && left.len() < 64, "{left:?}");
    }
}
