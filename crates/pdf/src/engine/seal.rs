//! The PDF of another engine with what that engine is not asked for: attachments (ISO 32000-2, 7.11.4) and passwords.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat, dictionary};

use super::encrypt;
use crate::worker::{Attachment, Blob, Job, Rendered, Trouble, TroubleKind};

/// The PDF, which is the job's only asset.
///
/// # Errors
/// What is wrong with it.
pub(super) fn sealed(mut job: Job) -> Result<Rendered, Trouble> {
    let told = |error: &dyn ToString| {
        let text = format!("the PDF of the outside engine cannot be read: {}", error.to_string());
        Trouble::new(TroubleKind::Unfit, text)
    };
    let pdf = job.assets.pop().unwrap_or_default();
    let mut document = Document::load_mem(&pdf.bytes).map_err(|error| told(&error))?;
    let pages = document.get_pages().len();
    let mut bytes = pdf.bytes;
    if !job.attachments.is_empty() {
        attach(&mut document, job.attachments).map_err(|error| told(&error))?;
        bytes = Vec::with_capacity(bytes.len());
        document.save_to(&mut bytes).map_err(|error| told(&error))?;
    }
    if let Some(passwords) = &job.passwords {
        bytes = encrypt::encrypted(&bytes, passwords)
            .map_err(|text| Trouble::new(TroubleKind::Unfit, text))?;
    }
    Ok(Rendered { pages, warnings: Vec::new(), files: vec![Blob::new("pdf", bytes)] })
}

fn attach(document: &mut Document, attachments: Vec<Attachment>) -> lopdf::Result<()> {
    let mut named: Vec<(String, ObjectId)> = Vec::new();
    for attachment in attachments {
        let name = attachment.content.name.clone();
        named.push((name, specification(document, attachment)));
    }
    // A name tree is sorted.
    named.sort();
    let files = named.iter().map(|it| Object::Reference(it.1)).collect::<Vec<_>>();
    let tree = named.into_iter().flat_map(|(name, id)| [text(&name), id.into()]);
    let embedded = document.add_object(dictionary! { "Names" => tree.collect::<Vec<_>>() });
    let mut all = match document.catalog()?.get(b"Names") {
        Ok(it) => document.dereference(it)?.1.as_dict()?.clone(),
        Err(_absent) => Dictionary::new(),
    };
    all.set("EmbeddedFiles", embedded);
    let catalog = document.catalog_mut()?;
    catalog.set("Names", all);
    catalog.set("AF", files);
    Ok(())
}

fn specification(document: &mut Document, attachment: Attachment) -> ObjectId {
    let Attachment { content, mime_type, description, .. } = attachment;
    let Blob { name, bytes, .. } = content;
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let file = dictionary! {
        "Type" => "EmbeddedFile",
        "Subtype" => Object::Name(mime_type.into_bytes()),
        "Params" => dictionary! { "Size" => size },
    };
    let file = document.add_object(Stream::new(file, bytes));
    let mut specification = dictionary! {
        "Type" => "Filespec",
        "F" => text(&name),
        "UF" => text(&name),
        "EF" => dictionary! { "F" => file, "UF" => file },
        "AFRelationship" => "Supplement",
    };
    if let Some(description) = description {
        specification.set("Desc", text(&description));
    }
    document.add_object(specification)
}

/// A text string (7.9.2.2): as ASCII, else in UTF-16 with its mark.
fn text(text: &str) -> Object {
    if text.is_ascii() {
        return Object::String(text.as_bytes().to_vec(), StringFormat::Literal);
    }
    let units = text.encode_utf16().flat_map(u16::to_be_bytes);
    Object::String([0xfe, 0xff].into_iter().chain(units).collect(), StringFormat::Hexadecimal)
}
