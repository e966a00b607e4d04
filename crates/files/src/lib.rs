//! File values: what a process variable of type `file` says, and the bytes that it stands for.
//!
//! * **Values.** [`File`] and [`Files`] are read from every shape that the engines send: `{"name", "uri", "content": {"mimeType", "sizeInBytes"}}`, a plain URI, a data URL, lists and single values alike (`activiti-ootb-connectors.md` §1.6, `spiffarena-connector-proxy.md` §3). Members that are not known are kept.
//! * **Places.** The scheme of the URI says where the bytes are: `data:` in the value, `http(s):` at a server, which is called through [`outbound`] and its egress rules, `file:`, `s3:`, `az:`, `gs:` in the places that the settings name and nowhere else ([`Settings`]).
//! * **Size.** Everything is streamed where its source allows it, and limited: what is known beforehand is checked before anything is loaded, the rest while it is read ([`Store::open`], [`Store::read`], [`Store::save`]).
//! * **Names** of files are made safe, never refused ([`safe_name`]); paths that lead out of their place are refused, never repaired.
//! * **Failures** have one type, whose texts are for the author of a process ([`FileError`]).
//! * **Settings** are a group that a connector flattens into its own ([`Config`]).
//!
//! This crate reads no environment variable itself.

mod bucket;
mod classify;
mod config;
mod connect;
mod data_url;
mod error;
mod file;
mod folder;
mod media;
mod name;
mod sink;
mod store;
mod uri;
mod web;

pub use config::Config;
pub use error::{ErrorKind, FileError, Limit};
pub use file::{File, Files};
pub use name::safe_name;
pub use store::{Content, Meta, NewFile, Settings, Store};
