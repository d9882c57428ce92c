//! `docmind search`: passages that fit a query.

use super::Context;
use crate::Outcome;
use crate::arguments::SearchArguments;
use crate::output::{FAINT, STRONG, object, tame, tame_line};
use docmind_engine::search::{Scope, SearchRequest, SearchResult};
use serde_json::{Map, Value, json};

pub fn run(context: &Context<'_>, arguments: &SearchArguments) -> anyhow::Result<Outcome> {
    let request = SearchRequest {
        query: arguments.query.clone(),
        mode: arguments.mode.into(),
        limit: arguments.count,
        scope: Scope::All,
    };
    let mut line = Map::new();
    line.insert("query".to_owned(), request.query.clone().into());
    line.insert("mode".to_owned(), serde_json::to_value(request.mode)?);
    let Some(engine) = context.open_to_read()? else {
        line.insert("ms".to_owned(), json!({ "embed": 0.0, "search": 0.0, "total": 0.0 }));
        line.insert("results".to_owned(), Value::Array(Vec::new()));
        context.output.json(&line)?;
        context
            .output
            .text("The library is empty. Add documents: docmind add FOLDER")?;
        return Ok(Outcome::Done);
    };
    let answer = engine.search(&request, &context.cancel)?;
    for notice in &answer.notices {
        context.output.notice(notice)?;
    }
    let results = answer.results.iter().map(result).collect::<anyhow::Result<Vec<_>>>()?;
    line.insert(
        "ms".to_owned(),
        json!({ "embed": answer.embed_ms, "search": answer.search_ms, "total": answer.total_ms }),
    );
    line.insert("results".to_owned(), Value::Array(results));
    context.output.json(&line)?;
    for found in &answer.results {
        context.output.text(format!(
            "{STRONG}{:>2}. {}, page {}{STRONG:#} {FAINT}{:.3}  {}{FAINT:#}\n    {}\n",
            found.rank,
            tame_line(&found.title),
            found.page,
            found.score,
            tame_line(&found.path),
            tame(found.text.trim()).replace('\n', "\n    "),
        ))?;
    }
    if answer.results.is_empty() {
        context.output.text("Nothing was found.")?;
    }
    engine.close();
    Ok(Outcome::Done)
}

fn result(found: &SearchResult) -> anyhow::Result<Value> {
    let mut fields = object(found)?;
    fields.insert("span".to_owned(), json!([found.span.start, found.span.end]));
    Ok(Value::Object(fields))
}
