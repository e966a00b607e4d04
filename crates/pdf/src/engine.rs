//! Typesets documents; runs in a worker.

mod diagnose;
mod encrypt;
mod export;
mod faces;
mod glyphs;
pub(crate) mod images;
mod json;
mod seal;
mod thrift;
mod world;

use std::collections::HashMap;

use typst::{
    Library, LibraryExt, comemo,
    foundations::{Bytes, Datetime},
    utils::{LazyHash, hash128},
};
use typst_layout::PagedDocument;

use self::{
    faces::Faces,
    thrift::Thrift,
    world::{DATA, MAIN, Sandbox, TEMPLATE},
};
use crate::{
    bundle,
    html::{self, Families},
    markdown,
    markup::{Markup, quoted},
    page::{Mark, Strip, Watermark},
    prelude::prelude,
    resources::Resources,
    template::Format,
    worker::{Attachment, Blob, Job, Need, Output, Rendered, Setup, Supply, Trouble, TroubleKind},
};

/// For so many documents, what was calculated for one is kept for the next.
///
/// With more of them each document takes longer, since its memory is none that the processor has at hand.
const KEPT_DOCUMENTS: usize = 1;

/// Gets files that were not sent with a job.
pub(crate) trait Fetch {
    /// The files that are needed, in their order.
    fn fetch(&mut self, needs: &[Need]) -> Vec<Supply>;
}

/// What all documents share.
pub(crate) struct Engine {
    library: LazyHash<Library>,
    faces: Faces,
    thrift: Thrift,
    image_pixels_max: u64,
    has_templates: bool,
}

/// A document in Typst's language, with what belongs to it.
struct Front {
    body: String,
    /// The markup of headers and footers by their HTML.
    strips: HashMap<String, String>,
    /// Files that the document refers to, beside the task's own.
    assets: Vec<Blob>,
    /// Faces that the document brings.
    fonts: Vec<Vec<u8>>,
}

impl Engine {
    /// Loads the fonts.
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut library = Library::default();
        json::replace(&mut library);
        Self {
            library: LazyHash::new(library),
            faces: Faces::load(setup.fonts.as_deref()),
            thrift: Thrift::new(),
            image_pixels_max: setup.image_pixels_max,
            has_templates: setup.has_templates,
        }
    }

    /// Makes one document.
    ///
    /// # Errors
    /// What is wrong with the template, its data or its files.
    pub(crate) fn render(
        &self,
        mut job: Job,
        fetch: &mut (dyn Fetch + Send),
    ) -> Result<Rendered, Trouble> {
        match job.output {
            Output::Pdf { .. } | Output::Png => {}
            Output::Bundle => return self.bundled(&job, fetch),
            Output::Sealed => return seal::sealed(job),
        }
        // The same for the same document, so that its bytes are the same too.
        let ident = format!("{:032x}", hash128(&serde_json::to_string(&job).unwrap_or_default()));
        let mut warnings = Vec::new();
        let mut own_fonts: Vec<_> =
            job.fonts.drain(..).map(|it| (it.name, Bytes::new(it.bytes))).collect();
        let families = self.faces.families(own_fonts.iter().map(|it| &it.1));
        let Front { body, strips, assets, fonts } =
            self.front(&mut job, &families, fetch, &mut warnings)?;
        job.assets.extend(assets);
        own_fonts.extend(fonts.into_iter().map(|it| (String::new(), Bytes::new(it))));
        let faces = self.faces_with(own_fonts)?;
        let today = day(&job.date)?;
        let Some(world) = Sandbox::new(self, faces.as_ref().unwrap_or(&self.faces), today, fetch)
        else {
            return Err(Trouble::new(TroubleKind::Broken, "the engine has no place for files"));
        };
        let main = self.mount(&mut job, &strips, &body, &world)?;
        world.add(MAIN, main.into_bytes());
        let compiled = self.thrift.during(|| typst::compile::<PagedDocument>(&world));
        warnings.extend(compiled.warnings.iter().filter_map(|it| diagnose::warning(it, &world)));
        let mut document = compiled.output.map_err(|it| diagnose::trouble(&it, &world))?;
        warnings.extend(glyphs::warnings(&document));
        warnings.extend(export::tell_about(&mut document, &job.page.about));
        let (files, pages) =
            export::files(&document, &job, ident).map_err(|problem| match problem {
                export::Problem::Told(trouble) => trouble,
                export::Problem::Engine(errors) => {
                    Trouble { kind: TroubleKind::Unfit, ..diagnose::trouble(&errors, &world) }
                }
            })?;
        Ok(Rendered { pages, warnings, files })
    }

    /// Makes a document that nobody wants, so that the first one that is wanted takes no longer than others.
    pub(crate) fn warm_up(&self) {
        struct Nobody;
        impl Fetch for Nobody {
            fn fetch(&mut self, needs: &[Need]) -> Vec<Supply> {
                needs.iter().map(|_| Supply::Refused(String::new())).collect()
            }
        }
        let job =
            Job::of_text(Format::Markdown, "# A\n\n| b | **c** |\n| --- | --- |\n| d | *e* |");
        // What it shows would show in the first real document too.
        drop(self.render(job, &mut Nobody));
        Self::forget();
    }

    /// Gives up what is kept from documents before the last one; to be called after every document, failed ones too.
    pub(crate) fn forget() {
        comemo::evict(KEPT_DOCUMENTS);
    }

    /// What another engine makes the document of.
    fn bundled(&self, job: &Job, fetch: &mut (dyn Fetch + Send)) -> Result<Rendered, Trouble> {
        let mut resources =
            Resources::new(&job.assets, fetch, self.has_templates, self.image_pixels_max);
        let mut families = Vec::new();
        for font in &job.fonts {
            families.push(faces::css(&font.bytes).ok_or_else(|| no_font(&font.name))?);
        }
        let (files, warnings) =
            bundle::bundled(job, &families, &mut resources, self.image_pixels_max)?;
        Ok(Rendered { pages: 0, warnings, files })
    }

    /// What the other languages are in Typst; what the document says about its pages goes to the job's.
    fn front(
        &self,
        job: &mut Job,
        families: &Families,
        fetch: &mut (dyn Fetch + Send),
        warnings: &mut Vec<String>,
    ) -> Result<Front, Trouble> {
        let Job { format, text, assets, page, .. } = job;
        let mut resources =
            Resources::new(assets, fetch, self.has_templates, self.image_pixels_max);
        let too_large = |text| Trouble::new(TroubleKind::Limit, text);
        let mut markup = match format {
            Format::Typst => Markup::default(),
            Format::Html => {
                html::markup(text, page, families, &mut resources).map_err(too_large)?
            }
            Format::Markdown => markdown::markup(text, &mut resources),
        };
        if *format == Format::Markdown {
            // A heading is no more than a guess at the title.
            markup.page.about.title.take_if(|_| page.about.title.is_some());
        }
        warnings.extend(page.complete(markup.page));
        warnings.extend(markup.warnings);
        let (mut strips, mut fonts) = (HashMap::new(), markup.fonts);
        for it in page.strips() {
            let Strip::Html(source) = it else { continue };
            let strip = html::strip(source, page, markup.body_sides, families, &mut resources)
                .map_err(too_large)?;
            strips.insert(source.clone(), strip.body);
            fonts.extend(strip.fonts);
            warnings.extend(strip.warnings);
        }
        Ok(Front { body: markup.body, strips, assets: resources.into_assets(), fonts })
    }

    fn faces_with(&self, fonts: Vec<(String, Bytes)>) -> Result<Option<Faces>, Trouble> {
        if fonts.is_empty() {
            return Ok(None);
        }
        let (names, bytes): (Vec<_>, Vec<_>) = fonts.into_iter().unzip();
        self.faces.with(&bytes).map(Some).map_err(|index| no_font(&names[index]))
    }

    /// Puts the job's files into the world; gives the main file.
    fn mount(
        &self,
        job: &mut Job,
        strips: &HashMap<String, String>,
        body: &str,
        world: &Sandbox<'_>,
    ) -> Result<String, Trouble> {
        let mut main = prelude(&job.page, job.format, strips);
        for mut asset in job.assets.drain(..) {
            self.checked(&asset.name, &asset.bytes)?;
            match &job.page.watermark {
                Some(Watermark { mark: Mark::Image(name), opacity, .. }) if *name == asset.name => {
                    asset.bytes = images::faded(&asset.bytes, *opacity);
                }
                _ => {}
            }
            if !world.add(&asset.name, asset.bytes) {
                let text = format!("`assets`: `{}` is no name below the document", asset.name);
                return Err(Trouble::new(TroubleKind::Asset, text));
            }
        }
        world.add(DATA, job.data.get().as_bytes().to_vec());
        if job.format == Format::Typst {
            let name = job.name.as_deref().unwrap_or(TEMPLATE);
            world.add(name, std::mem::take(&mut job.text).into_bytes());
            main = format!("{main}#include {}\n", quoted(&format!("/{name}")));
        } else {
            main += body;
        }
        for (index, attachment) in job.attachments.iter_mut().enumerate() {
            let Attachment { content, mime_type, description, relationship } = attachment;
            let name = format!("attachment-{index}");
            world.add(&name, std::mem::take(&mut content.bytes));
            main = format!(
                "{main}\n#pdf.attach({}, read({}, encoding: none), relationship: {}, mime-type: {}, description: {})",
                quoted(&content.name),
                quoted(&name),
                quoted(relationship),
                quoted(mime_type),
                description.as_deref().map_or("none".to_owned(), quoted),
            );
        }
        Ok(main)
    }

    /// Refuses images that would take too much memory; their size in pixels stands at their beginning.
    fn checked(&self, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        images::check(name, bytes, self.image_pixels_max)
            .map_err(|text| Trouble::new(TroubleKind::Asset, text))
    }
}

fn no_font(name: &str) -> Trouble {
    let text = format!("`fonts`: `{name}` is no TrueType or OpenType font");
    Trouble::new(TroubleKind::Asset, text)
}

fn day(date: &str) -> Result<Datetime, Trouble> {
    let mut parts = date.splitn(3, '-');
    let mut number = || parts.next()?.parse::<i32>().ok();
    let day = number().and_then(|year| {
        let month = u8::try_from(number()?).ok()?;
        Datetime::from_ymd(year, month, u8::try_from(number()?).ok()?)
    });
    let refused = || format!("`date`: `{date}` is no day, e.g. 2026-11-21");
    day.ok_or_else(|| Trouble::new(TroubleKind::Unfit, refused()))
}
