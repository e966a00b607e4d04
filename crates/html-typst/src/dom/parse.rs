//! Reads a document, as long as it is not too deep and not too large.

use std::cell::RefCell;

use html5ever::{
    buffer_queue::BufferQueue,
    interface::TreeSink,
    tendril::StrTendril,
    tokenizer::{Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
    tree_builder::{TreeBuilder, TreeBuilderOpts},
};

use super::{
    Dom,
    sink::{Handle, Sink},
};
use crate::Error;

/// Elements within elements; browsers stop at 512, and no document that is meant to be read has 100.
pub(super) const DEPTH_MAX: usize = 200;
/// Elements, texts and comments.
const NODES_MAX: usize = 2_000_000;

/// The tree of a document.
///
/// # Errors
/// Where it is too deep.
pub(crate) fn parse(html: &str) -> Result<Dom, Error> {
    let guard = Guard {
        builder: TreeBuilder::new(Sink::new(), TreeBuilderOpts::default()),
        refused: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(guard, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // A script would be run between two calls; scripts are not run.
    while !input.is_empty() {
        let _script = tokenizer.feed(&input);
    }
    tokenizer.end();
    match tokenizer.sink.refused.take() {
        Some(error) => Err(error),
        None => Ok(tokenizer.sink.builder.sink.finish()),
    }
}

/// Between tokens and tree: the parser looks at all open elements for every tag, which has to stay linear.
struct Guard {
    builder: TreeBuilder<Handle, Sink>,
    refused: RefCell<Option<Error>>,
}

impl TokenSink for Guard {
    type Handle = Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Handle> {
        if self.refused.borrow().is_some() {
            return TokenSinkResult::Continue;
        }
        let is_tag = matches!(token, Token::TagToken(_));
        let result = self.builder.process_token(token, line);
        let sink = &self.builder.sink;
        if is_tag && sink.depth() > DEPTH_MAX {
            let text = format!("line {line}: elements are nested deeper than {DEPTH_MAX}");
            self.refused.replace(Some(Error(text)));
        } else if sink.dom.borrow().nodes.len() > NODES_MAX {
            let text = format!("line {line}: the document has more than {NODES_MAX} nodes");
            self.refused.replace(Some(Error(text)));
        }
        match result {
            TokenSinkResult::Script(_) => TokenSinkResult::Continue,
            other => other,
        }
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}
