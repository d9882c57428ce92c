//! `docmind-parse`: the document reader behind the pipe.

use crate::priority::Priority;
use crate::sandbox::{self, Confinement};
use crate::start::{self, Arguments};
use docmind_core::error::ErrorReport;
use docmind_parse::{Recogniser, Registry, RenderRequest};
use docmind_wire::parse::{ParseProtocol, ParseReply, ParseRequest, RenderPage};
use docmind_wire::serve::{Call, Serve, serve};
use std::io::Read;
use std::process::ExitCode;

/// The whole program. Arguments: `--runtime DIR` (holds PDFium), `--log LEVEL`, and to read pages that are pictures too
/// `--tessdata DIR` with `--languages deu+eng`.
///
/// `recognition` serves nothing either: it says what would read pictures, or why nothing does.
/// `sandbox` serves nothing: it tries everything that the sandbox forbids and says what came of it, a line each.
pub fn main() -> ExitCode {
    start::run(Priority::Background, |arguments| {
        let recogniser = recogniser(arguments);
        if arguments.command().is_some_and(|command| command == "recognition") {
            println!(
                "{}",
                recogniser?.map_or_else(String::new, |recogniser| recogniser.name())
            );
            return Ok(());
        }
        let mut registry = Registry::new(&arguments.runtime());
        if let Some(recogniser) = recogniser? {
            tracing::info!("pictures are read by {}", recogniser.name());
            registry = registry.recognising(recogniser);
        }
        let pdfium = registry.pdfium_error();
        if let Some(why) = pdfium {
            tracing::warn!("PDFium was not loaded, PDFs are read by the fallback: {why}");
        }
        let kept = sandbox::confine(&Confinement::document_reader());
        tracing::debug!("sandbox: {kept}");
        if arguments.command().is_some_and(|command| command == "sandbox") {
            println!("{kept}");
            for attempt in sandbox::lean_against_the_walls() {
                println!(
                    "{}: {}",
                    attempt.what,
                    if attempt.refused { "refused" } else { "possible" }
                );
            }
            return Ok(());
        }
        let fingerprint = if pdfium.is_none() { "pdfium" } else { "fallback" };
        serve::<ParseProtocol>(fingerprint, Reader { registry }).map_err(|error| error.to_string())
    })
}

/// Tesseract, where its languages are named.
fn recogniser(arguments: &Arguments) -> Result<Option<Recogniser>, String> {
    let (Some(folder), Some(languages)) = (arguments.path("tessdata"), arguments.text("languages")) else {
        return Ok(None);
    };
    Recogniser::load(&folder, languages).map(Some)
}

struct Reader {
    registry: Registry,
}

impl Serve<ParseProtocol> for Reader {
    fn handle(&mut self, request: ParseRequest, call: &mut Call<ParseProtocol>) -> Result<ParseReply, ErrorReport> {
        let mut body = call.take_body();
        match request {
            ParseRequest::Parse { name, len } => {
                let tell = &mut |event: docmind_core::document::ParseEvent| call.event(&event.into());
                let outcome = self
                    .registry
                    .read_all(&name, len, &mut body, call.cancel())
                    .and_then(|bytes| {
                        self.registry
                            .parse_ticking(&name, &bytes, call.cancel(), &|| call.tick(), tell)
                    });
                Ok(ParseReply::Parsed(outcome))
            }
            ParseRequest::Render { len, page } => {
                let mut bytes = Vec::new();
                body.take(len).read_to_end(&mut bytes).map_err(|error| {
                    if call.cancel().is_cancelled() {
                        ErrorReport::cancelled()
                    } else {
                        ErrorReport::new("unreadable", "The document did not arrive whole.\nTry again.")
                            .with_detail(error)
                    }
                })?;
                self.render(&bytes, page, call)
            }
        }
    }
}

impl Reader {
    fn render(&self, bytes: &[u8], page: RenderPage, call: &Call<ParseProtocol>) -> Result<ParseReply, ErrorReport> {
        let RenderPage { page, scale, tile } = page;
        let drawn = self.registry.render_page(bytes, RenderRequest { page, scale, tile })?;
        let png = drawn.to_png().map_err(|error| {
            ErrorReport::new(
                "damaged",
                "The page could not be made a picture.\nOpen the document in another program.",
            )
            .with_detail(error)
        })?;
        call.output(&png);
        Ok(ParseReply::Rendered {
            pixels: (drawn.width, drawn.height),
            page_size: drawn.page_size,
            scale: drawn.scale,
        })
    }
}
