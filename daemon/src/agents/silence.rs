//! What a launch may be told to keep to itself.

/// By what a launch was told to leave less than a launch leaves otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    /// The flag, the variable or the setting.
    pub(crate) by: &'static str,
    /// Whether its sessions have a file all the same.
    pub(crate) leaves_file: bool,
}

impl Silence {
    /// It leaves no session file.
    pub(crate) const fn whole(by: &'static str) -> Self {
        Self { by, leaves_file: false }
    }

    /// It leaves a session file, and no history of what was typed.
    pub(crate) const fn of_history(by: &'static str) -> Self {
        Self { by, leaves_file: true }
    }
}
