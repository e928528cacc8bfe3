//! The bad network: a [`Wire`](crate::exchange::Wire) around another that loses answers, repeats, delays or cuts.
