//! Command lines and what is told of each: `how path`, with `/` behind a directory, `?` behind what may be
//! one, `/*` behind one within which something is meant; `!reason`; `-> directory afterwards`.

use super::check;

mod control;
mod git;
mod practice;
mod programs;
mod reading;
mod writing;
