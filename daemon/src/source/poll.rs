//! The `poll` tier: looks at the process table from time to time.
//!
//! For machines on which the kernel tells an ordinary user nothing. It sees processes that live
//! longer than the interval; a shorter one is seen with the probability of its lifetime divided by
//! the interval, and how many were missed is unknown. Of an end it knows between which two looks it
//! was, and no exit code.
//!
//! A look has two halves: a [`imp::Table`] finds what matters, by the cheapest means that the system
//! has, and remembers what it has told; the loop here sends it and says what looking costs.

use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Control, Ended, EventSender, Name, Order, Running};
use crate::clock;
use crate::event::{Event, ProcessFacts, SourceReport, State};
use crate::pipeline::LAUNCHES;

/// The name of the tier in `status`.
pub(crate) const TIER: &str = "poll";
/// A look that comes so much later than its turn leaves blind time behind.
const LATE: Duration = Duration::from_secs(1);
/// Processes that hide themselves are told of at most so often.
const HIDDEN: Duration = Duration::from_secs(600);
/// The cost of looking is reckoned over so many looks, and told again where it has doubled.
const RECKONED: u32 = 600;

/// What one look found.
#[derive(Debug, Default)]
struct Look {
    /// Candidates and everything below them, parents first.
    processes: Vec<ProcessFacts>,
    /// How many processes there are, whoever's.
    listed: usize,
    /// Processes of this user that have an agent's name and hide everything else.
    hidden: u64,
}

/// A process table that can be looked at.
#[derive(Debug)]
pub(crate) struct Poll {
    table: imp::Table,
    first: Look,
    interval: Duration,
    cost: Cost,
    why: String,
}

/// What looking costs.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// Time of a processor that one look takes.
    look: Duration,
    /// Processes that there were.
    listed: usize,
}

impl Poll {
    /// Looks twice: at everything, and then to know what a look costs from there on. `why` says why
    /// no better tier is in force.
    ///
    /// # Errors
    ///
    /// Why the process table cannot be read.
    pub(crate) fn open(interval: Duration, why: String) -> Result<Self, String> {
        let mut table = imp::Table::open()?;
        let first = table.look()?;
        let begin = imp::busy();
        table.look()?;
        let cost = Cost { look: imp::busy().saturating_sub(begin), listed: first.listed };
        Ok(Self { table, first, interval, cost, why })
    }

    /// Says how often it looks, what that costs, and what it does not see.
    pub(crate) fn reason(&self) -> String {
        let Self { interval, cost, why, .. } = self;
        let (seconds, cost) = (interval.as_secs_f64(), cost.told(*interval));
        format!(
            "looks every {seconds} s ({cost}): what lives longer is seen, a launch or a command that \
             is shorter may be missed, and exit codes are unknown ({why})"
        )
    }

    /// Looks every interval, on a thread of its own.
    ///
    /// # Errors
    ///
    /// Those of starting a thread.
    pub(crate) fn start(self, events: EventSender) -> std::io::Result<Running> {
        let (control, orders) = Control::new(None);
        let name = Name { source: LAUNCHES, tier: TIER };
        Running::start(name, control, events.clone(), move || self.run(&Sender(events), &orders))
    }

    fn run(mut self, events: &Sender, orders: &Receiver<Order>) -> Ended {
        let mut look = std::mem::take(&mut self.first);
        let mut told_some = true;
        let mut blind = Blind::new(self.interval);
        let mut reckoning = Reckoning::default();
        let mut hidden = Hidden::default();
        loop {
            if hidden.tell(look.hidden, events).is_err() {
                return Ended::Ordered;
            }
            // Nothing then and nothing now is no news.
            let news = told_some || !look.processes.is_empty();
            told_some = !look.processes.is_empty();
            let moment = clock::read().now();
            let swept = Event::Swept { processes: look.processes, moment };
            if news && events.send(swept).is_err() {
                return Ended::Ordered;
            }
            look = loop {
                match orders.recv_timeout(self.interval) {
                    Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return Ended::Ordered,
                    Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                }
                let begin = imp::busy();
                match self.table.look() {
                    Ok(look) => {
                        let took = imp::busy().saturating_sub(begin);
                        if self.reckon(&mut reckoning, took, look.listed, events).is_err()
                            || blind.over(events).is_err()
                        {
                            return Ended::Ordered;
                        }
                        break look;
                    }
                    // Half a look is none: it would end what it did not see.
                    Err(why) => blind.failed(why),
                }
            };
        }
    }

    /// Tells again what looking costs, where that has changed much.
    fn reckon(
        &mut self,
        reckoning: &mut Reckoning,
        took: Duration,
        listed: usize,
        events: &Sender,
    ) -> Result<(), Closed> {
        let Some(look) = reckoning.add(took) else { return Ok(()) };
        let told = self.cost.look.max(self.interval / 1000);
        if look < told * 2 {
            return Ok(());
        }
        self.cost = Cost { look, listed };
        events.report(self.reason(), None)
    }
}

impl Cost {
    fn told(&self, interval: Duration) -> impl fmt::Display + use<> {
        let share = self.look.as_secs_f64() / (interval + self.look).as_secs_f64() * 100.0;
        let listed = self.listed;
        fmt::from_fn(move |f| write!(f, "{share:.1} % of a core for {listed} processes"))
    }
}

/// The cost of the looks since it was last reckoned.
#[derive(Debug, Default)]
struct Reckoning {
    looks: u32,
    took: Duration,
}

impl Reckoning {
    /// Adds a look; returns the mean where there are enough.
    fn add(&mut self, took: Duration) -> Option<Duration> {
        (self.looks, self.took) = (self.looks + 1, self.took + took);
        (self.looks == RECKONED).then(|| std::mem::take(self).took / RECKONED)
    }
}

/// Notices looks that failed, or came much later than they should have.
#[derive(Debug)]
struct Blind {
    interval: Duration,
    looked: Instant,
    why: Option<String>,
}

impl Blind {
    fn new(interval: Duration) -> Self {
        Self { interval, looked: Instant::now(), why: None }
    }

    fn failed(&mut self, why: String) {
        if self.why.is_none() {
            tracing::warn!(why, "the process table cannot be read");
            self.why = Some(why);
        }
    }

    /// A look went well: tells of the time before it, where that was longer than an interval.
    fn over(&mut self, events: &Sender) -> Result<(), Closed> {
        let blind = std::mem::replace(&mut self.looked, Instant::now()).elapsed();
        let why = self.why.take();
        if why.is_none() && blind < self.interval + LATE {
            return Ok(());
        }
        let why = why.unwrap_or_else(|| "the machine was too busy".into());
        let reason = format!("no look for {:.1} s: {why}", blind.as_secs_f64());
        events.report(reason, Some(blind))
    }
}

/// Processes that hide what they are, and when that was told last.
#[derive(Debug, Default)]
struct Hidden {
    count: u64,
    told: Option<Instant>,
}

impl Hidden {
    fn tell(&mut self, more: u64, events: &Sender) -> Result<(), Closed> {
        self.count += more;
        let lately = self.told.is_some_and(|told| told.elapsed() < HIDDEN);
        if self.count == 0 || lately {
            return Ok(());
        }
        self.told = Some(Instant::now());
        let reason = format!(
            "processes with an agent's name hide their program and directory ({} new ones): launches \
             may be among them",
            std::mem::take(&mut self.count)
        );
        events.report(reason, Some(Duration::ZERO))
    }
}

/// Nobody is left to be told.
struct Closed;

/// Where events go.
struct Sender(EventSender);

impl Sender {
    fn send(&self, event: Event) -> Result<(), Closed> {
        self.0.blocking_send(event).map_err(|_| Closed)
    }

    /// Reports less than full sight: of a time that is over, or from now on.
    fn report(&self, reason: String, over: Option<Duration>) -> Result<(), Closed> {
        let clocks = clock::read();
        let now = clocks.now().at;
        let began = clocks.monotonic_ns.saturating_sub(nanoseconds(over.unwrap_or_default()));
        self.send(Event::Source(SourceReport {
            name: LAUNCHES,
            tier: TIER,
            state: State::Degraded,
            reason,
            from: clocks.moment(began).at,
            until: over.map(|_| now),
            missed: None,
        }))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(target_os = "linux")]
#[path = "poll/linux.rs"]
mod imp;
#[cfg(not(target_os = "linux"))]
#[path = "poll/portable.rs"]
mod imp;
// What other systems run is at least compiled and run here.
#[cfg(all(test, target_os = "linux"))]
mod portable;
#[cfg(test)]
mod tests;
