//! Reading and writing files, wherever they are.

use std::{
    collections::BTreeMap, future::ready, path::PathBuf, pin::pin, sync::Arc, time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_util::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use outbound::{Outbound, Problem};
use uuid::Uuid;

use crate::{
    ErrorKind, File, FileError, Limit,
    bucket::Bucket,
    connect::Options,
    data_url::DataUrl,
    media,
    name::safe_name,
    sink::Sink,
    uri::{self, Scheme},
    web,
};

/// Where files may be, and how large.
#[derive(Clone)]
pub struct Settings {
    /// `FILES_URL`: where files are written, and the place that can be read beside `data:` and `http(s):`; `file:///folder`, `s3://bucket/prefix`, `az://container/prefix`, `gs://bucket/prefix`, and `memory://` for tests.
    pub url: Option<String>,
    /// `FILES_ALLOW`: more places of the same forms that can be read.
    pub allow: Vec<String>,
    /// The environment variables of the stores by name (`AWS_…`, `AZURE_…`, `GOOGLE_…`); others do no harm.
    pub variables: BTreeMap<String, String>,
    /// `CA_FILE`: a PEM file with certificates that stores are trusted by beside the system's.
    pub extra_ca: Option<PathBuf>,
    /// `FILES_INLINE_MAX`: the most bytes of a file that is put into its value for lack of a store.
    pub inline_max: u64,
    /// `FILE_BYTES_MAX`: the most bytes of any file, read or written.
    pub bytes_max: u64,
    /// The time for fetching a file from `http(s):`, as a whole.
    pub fetch_timeout: Duration,
}

/// All places of files; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// Where files are written.
    target: Option<Arc<Bucket>>,
    /// Where files are read, the target first.
    buckets: Vec<Arc<Bucket>>,
    outbound: Outbound,
    inline_max: u64,
    bytes_max: u64,
    fetch_timeout: Duration,
}

/// Bytes at their source, before it is known which file value they are for.
pub(crate) struct Opened {
    /// As the source tells it, in bytes.
    pub(crate) size: Option<u64>,
    /// As the source tells it.
    pub(crate) mime_type: Option<String>,
    pub(crate) content: BoxStream<'static, Result<Bytes, ErrorKind>>,
}

/// What is known about a file when it is opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    /// A name that is safe everywhere, see [`safe_name`].
    pub name: String,
    /// As the value declares it, else as its source does, else by the extension, else by the first bytes, else `application/octet-stream`.
    pub mime_type: String,
    /// The size in bytes, where the source tells it beforehand.
    pub size: Option<u64>,
}

/// The bytes of a file; ends with an error when there are more of them than allowed, or fewer than announced.
pub type Content = BoxStream<'static, Result<Bytes, FileError>>;

/// A file to be written.
#[derive(Clone, Debug, Default)]
pub struct NewFile {
    /// Any name; the file gets it in its safe form.
    pub name: String,
    /// What the bytes are, if it is known.
    pub mime_type: Option<String>,
    /// The folder in the store, parts separated by `/`; ignored without a store.
    pub folder: Option<String>,
    /// The size in bytes, if it is known: too large a file is refused before it is loaded.
    pub size: Option<u64>,
    /// The most bytes that are put into the value, where it is another limit than `FILES_INLINE_MAX`: [`Limit::http_body`].
    pub inline_max: Option<Limit>,
}

impl Store {
    /// Checks the settings and connects to nothing; blocks for some milliseconds while folders and certificates are looked up.
    ///
    /// The problems are those of `FILES_URL`, `FILES_ALLOW` and `CA_FILE`.
    pub fn new(settings: &Settings, outbound: Outbound) -> Result<Self, Vec<Problem>> {
        let options = Options::new(&settings.variables, settings.extra_ca.as_ref())
            .map_err(|text| vec![("CA_FILE", text)])?;
        let url = settings.url.iter().map(|url| ("FILES_URL", url));
        let places = url.chain(settings.allow.iter().map(|url| ("FILES_ALLOW", url)));
        let (mut buckets, mut problems) = (Vec::new(), Vec::new());
        for (setting, url) in places {
            match Bucket::new(url, &options) {
                Ok(bucket) => buckets.push(Arc::new(bucket)),
                Err(text) => problems.push((setting, text)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let target = settings.url.is_some().then(|| buckets.first().map(Arc::clone)).flatten();
        let &Settings { inline_max, bytes_max, fetch_timeout, .. } = settings;
        Ok(Self(Arc::new(Inner {
            target,
            buckets,
            outbound,
            inline_max,
            bytes_max,
            fetch_timeout,
        })))
    }

    /// Opens a file for reading; nothing of a stored file is loaded before its size is known to be allowed.
    pub async fn open(&self, file: &File) -> Result<(Meta, Content), FileError> {
        self.open_within(file, self.limit()).await
    }

    /// The same with `max` as a further limit.
    pub async fn open_at_most(
        &self,
        file: &File,
        max: Limit,
    ) -> Result<(Meta, Content), FileError> {
        self.open_within(file, self.limit().min(max)).await
    }

    /// Reads a whole file into memory, at most `max` and `FILE_BYTES_MAX` bytes of it.
    pub async fn read(&self, file: &File, max: Limit) -> Result<(Meta, Bytes), FileError> {
        let (meta, mut content) = self.open_at_most(file, max).await?;
        let first = content.try_next().await?.unwrap_or_default();
        let Some(second) = content.try_next().await? else {
            return Ok((meta, first));
        };
        let mut bytes = BytesMut::from(first);
        bytes.extend_from_slice(&second);
        while let Some(chunk) = content.try_next().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok((meta, bytes.freeze()))
    }

    /// Writes a file as its content comes: into the store of `FILES_URL`, where it never replaces another one, else into the value.
    ///
    /// It is the limit's error or the content's own that ends the writing early; then nothing is left of the file.
    pub async fn save<E: From<FileError>>(
        &self,
        new: NewFile,
        content: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<File, E> {
        let name = safe_name(&new.name);
        let failed = |kind| FileError { kind, file: name.clone() };
        let (bytes_max, exceeded) = self.bound(new.inline_max);
        if new.size.is_some_and(|size| size > bytes_max) {
            return Err(failed(exceeded).into());
        }
        let mut content = pin!(content.try_filter(|chunk| ready(!chunk.is_empty())));
        let mut next = content.try_next().await?;
        let mime_type = new
            .mime_type
            .and_then(|it| media::declared(&it))
            .or_else(|| media::by_name(&name))
            .or_else(|| media::by_bytes(next.as_deref()?))
            .unwrap_or_else(|| media::UNKNOWN.to_owned());
        let mut sink = match &self.0.target {
            Some(bucket) => {
                let folder = new.folder.map(|it| uri::folder(&it)).transpose();
                let folder = folder.map_err(|why| failed(ErrorKind::Refused(why)))?;
                let key = Bucket::new_key(folder.unwrap_or_default(), Uuid::new_v4(), &name);
                Sink::stored(bucket, key, &mime_type).await.map_err(failed)?
            }
            None => Sink::inline(),
        };
        let mut size = 0;
        while let Some(chunk) = next {
            size += chunk.len() as u64;
            let put = if size > bytes_max { Err(exceeded.clone()) } else { sink.put(chunk).await };
            let taken = match put {
                Ok(()) => content.try_next().await,
                Err(kind) => Err(failed(kind).into()),
            };
            next = match taken {
                Ok(next) => next,
                Err(error) => {
                    sink.abandon().await;
                    return Err(error);
                }
            };
        }
        let uri = sink.finish(&name, &mime_type).await.map_err(failed)?;
        Ok(File::written(name, mime_type, size, &uri)?)
    }

    /// Writes a file that is in memory; the same as [`Self::save`].
    pub async fn save_bytes(&self, new: NewFile, bytes: Bytes) -> Result<File, FileError> {
        let new = NewFile { size: Some(bytes.len() as u64), ..new };
        self.save(new, stream::iter([Ok(bytes)])).await
    }

    async fn open_within(&self, file: &File, limit: Limit) -> Result<(Meta, Content), FileError> {
        let label = file.label();
        let failed = |kind| FileError { kind, file: label.clone() };
        // Nobody is called for a file that says itself that it is too large.
        if file.size.is_some_and(|size| size > limit.bytes) {
            return Err(failed(limit.exceeded()));
        }
        let opened = self.source(file, limit).await.map_err(failed)?;
        let size = opened.size;
        if size.is_some_and(|size| size > limit.bytes) {
            return Err(failed(limit.exceeded()));
        }
        let name = safe_name(&file.name);
        let told = file.mime_type.clone().or_else(|| media::declared(&opened.mime_type?));
        let known = told.or_else(|| media::by_name(&name));
        let mut content = guarded(opened.content, size, limit, label.clone());
        let mime_type = if let Some(known) = known {
            known
        } else {
            let first = content.try_next().await?.unwrap_or_default();
            let guess = media::by_bytes(&first);
            content = stream::once(ready(Ok(first))).chain(content).boxed();
            guess.unwrap_or_else(|| media::UNKNOWN.to_owned())
        };
        Ok((Meta { name, mime_type, size }, content))
    }

    async fn source(&self, file: &File, limit: Limit) -> Result<Opened, ErrorKind> {
        let Inner { buckets, outbound, fetch_timeout, .. } = &*self.0;
        let scheme = file.uri.scheme();
        match scheme {
            Scheme::Data => {
                let url = DataUrl::parse(file.uri()).map_err(ErrorKind::Refused)?;
                let bytes = url.decode(limit)?;
                let size = Some(bytes.len() as u64);
                let content = stream::iter([Ok(bytes)]).boxed();
                return Ok(Opened { size, mime_type: None, content });
            }
            Scheme::Http => return web::open(outbound, file.uri(), *fetch_timeout, limit).await,
            Scheme::File | Scheme::S3 | Scheme::Azure | Scheme::Google | Scheme::Memory => (),
        }
        let location = file.uri.location().map_err(ErrorKind::Refused)?;
        let found = buckets.iter().find_map(|it| Some((it, it.key(scheme, &location)?)));
        let Some((bucket, key)) = found else {
            let text = "is in no place that FILES_URL or FILES_ALLOW names";
            return Err(ErrorKind::Refused(text.to_owned()));
        };
        bucket.open(key).await
    }

    fn limit(&self) -> Limit {
        Limit { bytes: self.0.bytes_max, setting: "FILE_BYTES_MAX" }
    }

    /// The most bytes of a new file, and the error for more.
    fn bound(&self, inline_max: Option<Limit>) -> (u64, ErrorKind) {
        let limit = self.limit();
        let ours = Limit { bytes: self.0.inline_max, setting: "FILES_INLINE_MAX" };
        let Limit { bytes, setting } = inline_max.unwrap_or(ours);
        if self.0.target.is_none() && bytes < limit.bytes {
            (bytes, ErrorKind::NoStore { limit: bytes, setting })
        } else {
            (limit.bytes, limit.exceeded())
        }
    }
}

/// The content as long as it keeps to its limit and its announced size.
fn guarded(
    content: BoxStream<'static, Result<Bytes, ErrorKind>>,
    size: Option<u64>,
    limit: Limit,
    file: String,
) -> Content {
    let checked = stream::try_unfold((content, 0), move |(mut content, seen)| async move {
        let Some(chunk) = content.try_next().await? else {
            return match size {
                Some(size) if seen != size => {
                    Err(ErrorKind::Unreadable(format!("ends after {seen} of {size} bytes")))
                }
                Some(_) | None => Ok(None),
            };
        };
        let seen = seen + chunk.len() as u64;
        if seen > limit.bytes {
            return Err(limit.exceeded());
        }
        Ok(Some((chunk, (content, seen))))
    });
    checked.map_err(move |kind| FileError { kind, file: file.clone() }).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_source_that_tells_no_size_is_cut_at_the_limit() {
        let check = async |size: Option<u64>, lengths: &[usize], expected: Option<ErrorKind>| {
            let chunks: Vec<_> = lengths.iter().map(|&it| Ok(Bytes::from(vec![7; it]))).collect();
            let limit = Limit { bytes: 10, setting: "X" };
            let content = guarded(stream::iter(chunks).boxed(), size, limit, "a".to_owned());
            let read: Result<Vec<_>, _> = content.try_collect().await;
            assert_eq!(read.err().map(|it| it.kind), expected, "{size:?} {lengths:?}");
        };
        let exceeded = || Some(ErrorKind::TooLarge { limit: 10, setting: "X" });
        let ended = |text: &str| Some(ErrorKind::Unreadable(text.to_owned()));
        check(None, &[5, 6], exceeded()).await;
        check(Some(10), &[11], exceeded()).await;
        check(Some(10), &[5, 4], ended("ends after 9 of 10 bytes")).await;
        check(Some(5), &[6], ended("ends after 6 of 5 bytes")).await;
        check(None, &[5, 5], None).await;
        check(Some(10), &[5, 5], None).await;
        check(None, &[], None).await;
    }
}
