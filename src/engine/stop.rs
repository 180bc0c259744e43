//! Stopping a run from outside, in two steps.

use std::sync::Arc;

use tokio::sync::watch;

/// Asks a run to stop. Clones ask the same run.
#[derive(Debug, Clone)]
pub struct Stopper(Arc<watch::Sender<Level>>);

/// What a run listens to.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<Level>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Run,
    Stop,
    Abandon,
}

/// A stop signal and its two ends.
pub fn stop() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(Level::Run);
    (Stopper(Arc::new(sender)), Stop(receiver))
}

impl Stopper {
    /// Nothing new is sent; what is on its way may end.
    pub fn stop(&self) {
        self.raise(Level::Stop);
    }

    /// What is on its way is given up too.
    pub fn abandon(&self) {
        self.raise(Level::Abandon);
    }

    fn raise(&self, level: Level) {
        self.0.send_if_modified(|now| {
            let higher = level > *now;
            *now = level.max(*now);
            higher
        });
    }
}

impl Stop {
    /// Whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() >= Level::Stop
    }

    /// Ends when a stop is asked for; never, if nobody can ask any more.
    pub async fn requested(&self) {
        self.reaches(Level::Stop).await;
    }

    /// Ends when what is on its way is to be given up.
    pub async fn abandoned(&self) {
        self.reaches(Level::Abandon).await;
    }

    async fn reaches(&self, level: Level) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|now| *now >= level).await.is_err() {
            std::future::pending().await
        }
    }
}
