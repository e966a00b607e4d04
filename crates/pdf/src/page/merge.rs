//! What a task says about pages over what a template says.

use super::{About, Page};

impl Page {
    /// Adds what only the template says; gives a warning for what both say differently (`answers.md` 25).
    pub(crate) fn complete(&mut self, template: Self) -> Vec<String> {
        let mut warnings = Vec::new();
        let mut told = |name: &str, differs: bool| {
            if differs {
                warnings.push(format!("the task's `{name}` replaces the template's"));
            }
        };
        told("pageSize", take(&mut self.size, template.size));
        told("orientation", take(&mut self.orientation, template.orientation));
        told("margins", take(&mut self.margins, template.margins));
        told("header", take(&mut self.header, template.header));
        told("footer", take(&mut self.footer, template.footer));
        told("firstPage", take(&mut self.first, template.first));
        told("watermark", take(&mut self.watermark, template.watermark));
        told("columns", take(&mut self.columns, template.columns));
        told("background", take(&mut self.background, template.background));
        let About { title, authors, keywords, language } = template.about;
        told("title", take(&mut self.about.title, title));
        told("language", take(&mut self.about.language, language));
        told("author", take_list(&mut self.about.authors, authors));
        told("keywords", take_list(&mut self.about.keywords, keywords));
        warnings
    }
}

/// Whether both are there and differ.
fn take<T: PartialEq>(ours: &mut Option<T>, theirs: Option<T>) -> bool {
    match (&ours, theirs) {
        (_, None) => false,
        (None, theirs) => {
            *ours = theirs;
            false
        }
        (Some(ours), Some(theirs)) => *ours != theirs,
    }
}

fn take_list(ours: &mut Vec<String>, theirs: Vec<String>) -> bool {
    if ours.is_empty() {
        *ours = theirs;
        return false;
    }
    !theirs.is_empty() && *ours != theirs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::{Columns, Strip};

    #[test]
    fn the_task_wins_and_says_so() {
        let strip = |it: &str| Some(Strip::Text(it.to_owned()));
        let mut task = Page { header: strip("task"), columns: Some(Columns(2)), ..Page::default() };
        let template = Page {
            header: strip("template"),
            footer: strip("template"),
            columns: Some(Columns(2)),
            ..Page::default()
        };
        assert_eq!(task.complete(template), ["the task's `header` replaces the template's"]);
        assert_eq!((task.header, task.footer), (strip("task"), strip("template")));
    }
}
