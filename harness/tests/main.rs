//! The binary and the library as their users meet them, over real sockets.
