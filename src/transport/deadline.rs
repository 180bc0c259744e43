//! Timeouts for many requests in a row: timers are kept and used again, since setting one anew costs more than the request's own code.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Timers that wait for their next request. Most of them are set to an older request's deadline, which is earlier than any newer one's.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    idle: RefCell<Vec<Pin<Box<Sleep>>>>,
}

impl Deadlines {
    /// What `work` comes to; none if it is not done within `limit`.
    pub(super) async fn within<T>(&self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let deadline = Instant::now() + limit;
        let mut timer = None;
        let done = poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            let timer = timer.get_or_insert_with(|| self.timer(deadline));
            while timer.as_mut().poll(context).is_ready() {
                if Instant::now() >= deadline {
                    return Poll::Ready(None);
                }
                // It was an older request's.
                timer.as_mut().reset(deadline);
            }
            Poll::Pending
        })
        .await;
        self.idle.borrow_mut().extend(timer);
        done
    }

    /// A timer that ends at `deadline` at the latest.
    fn timer(&self, deadline: Instant) -> Pin<Box<Sleep>> {
        match self.idle.borrow_mut().pop() {
            Some(mut timer) if timer.deadline() > deadline => {
                timer.as_mut().reset(deadline);
                timer
            }
            Some(timer) => timer,
            None => Box::pin(sleep_until(deadline)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_is_used_again_keeps_the_new_time() {
        let deadlines = Deadlines::default();
        let began = Instant::now();
        let second = Duration::from_secs(1);
        // Work that is not done at once, so that a timer is set, and left behind.
        let work = async {
            sleep(second / 2).await;
            7
        };
        assert_eq!(deadlines.within(second, work).await, Some(7));
        assert_eq!(deadlines.idle.borrow().len(), 1);
        // The one left behind is too early for this, then too late for that.
        assert_eq!(deadlines.within(second * 5, pending::<()>()).await, None);
        assert_eq!(began.elapsed().as_secs_f64().round(), 6.0);
        assert_eq!(deadlines.within(second * 9, sleep(second)).await, Some(()));
        assert_eq!(deadlines.within(second, pending::<()>()).await, None);
        assert!(began.elapsed() < second * 9, "{:?}", began.elapsed());
        assert_eq!(deadlines.within(Duration::ZERO, ready(1)).await, Some(1));
        assert_eq!(deadlines.idle.borrow().len(), 1);
    }
}
