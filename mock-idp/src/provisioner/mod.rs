//! Runs a persona over the wire: sends what it says, waits when it says so, and keeps the task list that an
//! administrator would see.
