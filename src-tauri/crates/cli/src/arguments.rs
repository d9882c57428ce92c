//! What the command line takes.

use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use docmind_core::profile::Offload;
use docmind_core::retrieval::SearchMode;
use docmind_engine::bench::STOCK_MAX_TOKENS;
use docmind_engine::conversations::export::ExportFormat;
use std::fmt::Write as _;
use std::path::PathBuf;

/// What a newcomer types, and what it does.
pub const EXAMPLES: [(&str, &str); 4] = [
    ("docmind add ~/Documents", "index a folder; again for what has changed"),
    (
        "docmind ask \"When may the lease be ended?\"",
        "an answer with page and passage",
    ),
    ("docmind search -k 5 \"boiler pressure\"", "the passages themselves"),
    ("docmind --json list | head", "for programs: one JSON object a line"),
];

fn examples() -> String {
    let width = EXAMPLES.iter().map(|(line, _)| line.len()).max().unwrap_or_default();
    let mut out = "Examples:".to_owned();
    for (line, does) in EXAMPLES {
        // Writing into a string cannot fail.
        let _ = write!(out, "\n  {line:<width$}  {does}");
    }
    out
}

/// Ask questions of your own documents, entirely on your own machine.
#[derive(Debug, Parser)]
#[command(
    name = "docmind",
    version,
    about,
    after_help = examples(),
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// Folder of the library, models and settings (default: the platform's data folder)
    #[arg(long, global = true, value_name = "DIR", env = DATA_DIR)]
    pub data_dir: Option<PathBuf>,

    /// One JSON object a line, and nothing else, on standard output
    #[arg(long, global = true)]
    pub json: bool,

    /// Say more on standard error; twice for everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Names the data folder where `--data-dir` does not.
const DATA_DIR: &str = "DOCMIND_DATA_DIR";

impl Arguments {
    /// From the command line. A variable that is set and empty names no folder, as for the window.
    ///
    /// # Errors
    /// Wrong usage; help and version where they are asked for.
    pub fn read() -> Result<Self, clap::Error> {
        let mut command = Self::command();
        if std::env::var_os(DATA_DIR).is_some_and(|value| value.is_empty()) {
            command = command.mut_arg("data_dir", |argument| argument.env(None::<&'static str>));
        }
        Self::from_arg_matches_mut(&mut command.try_get_matches()?)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Index files and folders, recursively; ends when all is searchable
    Add(AddArguments),
    /// Documents and their states
    List,
    /// Forget documents and erase their text, also where conversations quote it; answers that a model wrote stay
    Remove(RemoveArguments),
    /// The text the index would see; nothing is stored
    Extract(ExtractArguments),
    /// Passages that fit a query
    Search(SearchArguments),
    /// An answer from the documents, with page and passage
    Ask(AskArguments),
    /// A conversation as text, as a page, or as evidence that `verify` proves again
    Export(ExportArguments),
    /// Prove evidence: whether what it quotes stands in the files that it names; needs no library
    Verify(VerifyArguments),
    /// Measure retrieval and answers on a data set
    #[command(subcommand)]
    Eval(EvalCommand),
    /// Prove the library's invariants
    Check,
    /// Build the vector index again from the library
    Rebuild,
    /// Measure speed and memory
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Optimization profiles with predicted memory on this machine
    Profiles(ProfilesArguments),
    /// Local models and the catalogue
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Shell completions on standard output
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// The manual page on standard output
    Man,
    /// Machine, devices, backends found or why not, library health
    Doctor,
}

/// What `add` takes.
#[derive(Args, Debug)]
pub struct AddArguments {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Read scans too, by text recognition, where Tesseract is installed: seconds a page
    #[arg(long)]
    pub recognise: bool,
}

/// What `remove` takes.
#[derive(Args, Debug)]
pub struct RemoveArguments {
    /// Ids, as `list` prints them, or paths; a folder stands for all below it
    #[arg(required = true, value_name = "ID|PATH")]
    pub documents: Vec<PathBuf>,
}

/// What `extract` takes.
#[derive(Args, Debug)]
pub struct ExtractArguments {
    /// Files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read scans too, by text recognition, where Tesseract is installed: seconds a page
    #[arg(long)]
    pub recognise: bool,
}

/// What `export` takes.
#[derive(Args, Debug)]
pub struct ExportArguments {
    /// Number of the conversation, as `ask` says it
    pub conversation: u32,
    /// What to write
    #[arg(long, value_enum, default_value = "markdown")]
    pub format: Format,
    /// Where to (default: standard output)
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What a conversation is written as.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// Text with marks
    Markdown,
    /// One web page
    Html,
    /// Quotes with the hashes of their files
    Evidence,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Markdown => Self::Markdown,
            Format::Html => Self::Html,
            Format::Evidence => Self::Evidence,
        }
    }
}

/// What `verify` takes.
#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// Evidence, as `export` writes it
    pub file: PathBuf,
    /// Where the documents are now, besides where they were
    #[arg(long = "in", value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
    /// Read scans too, by text recognition, where Tesseract is installed: seconds a page
    #[arg(long)]
    pub recognise: bool,
}

/// Which rankings are used.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Mode {
    /// Both, fused
    Hybrid,
    /// Embeddings alone
    Vector,
    /// Words alone
    Keyword,
}

impl From<Mode> for SearchMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Hybrid => Self::Hybrid,
            Mode::Vector => Self::Vector,
            Mode::Keyword => Self::Keyword,
        }
    }
}

/// What `search` takes.
#[derive(Args, Debug)]
pub struct SearchArguments {
    /// What to look for
    pub query: String,
    /// Most passages
    #[arg(short = 'k', default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub count: u32,
    /// Which rankings are used
    #[arg(long, value_enum, default_value_t = Mode::Hybrid)]
    pub mode: Mode,
}

/// What `ask` takes.
#[derive(Args, Debug)]
pub struct AskArguments {
    /// The question
    pub question: String,
    /// Put the question to each document for itself and quote what each says; done by itself where no model writes and the question
    /// asks for everything ("List all …", "Which documents …")
    #[arg(long)]
    pub each: bool,
    /// GGUF file, folder, or stored model's name; without one the settings' model, or the best sentences themselves
    #[arg(long, value_name = "GGUF")]
    pub model: Option<String>,
    /// Optimization profile
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Go on with a conversation
    #[arg(long, value_name = "ID")]
    pub conversation: Option<u32>,
    /// A GBNF grammar file that the answer must follow
    #[arg(long, value_name = "FILE", hide = true)]
    pub grammar: Option<PathBuf>,
}

/// What is measured on a data set.
#[derive(Debug, Subcommand)]
pub enum EvalCommand {
    /// A BEIR-style folder (corpus.jsonl, queries.jsonl, qrels.tsv) through the real pipeline
    Retrieval {
        /// The folder
        dir: PathBuf,
        /// Ranks that count
        #[arg(short = 'k', default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
        count: u32,
        /// One ranking only (default: all three)
        #[arg(long, value_enum)]
        mode: Option<Mode>,
        /// Keep the library in this folder, and use what is in it already
        #[arg(long, value_name = "DIR")]
        library: Option<PathBuf>,
    },
    /// Second questions of conversations over a BEIR-style folder, beside their written-out form
    Followups {
        /// The folder
        dir: PathBuf,
        /// Pairs of questions, a JSON object a line
        #[arg(long, value_name = "FILE")]
        pairs: PathBuf,
        /// Keep the library in this folder, and use what is in it already
        #[arg(long, value_name = "DIR")]
        library: Option<PathBuf>,
    },
    /// A SQuAD-style folder: refusal, extractive hits, support check, and a model's answers
    Answers {
        /// The folder
        dir: PathBuf,
        /// Let this model answer too: GGUF file, folder, or stored model's name
        #[arg(long, value_name = "GGUF")]
        model: Option<String>,
        /// Keep the library in this folder, and use what is in it already
        #[arg(long, value_name = "DIR")]
        library: Option<PathBuf>,
    },
}

/// What is measured.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Latency and recall of searching
    Search {
        /// Passages in the synthetic index
        #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
        rows: u32,
    },
    /// Documents and chunks a second, peak memory
    Ingest {
        /// Folder of documents
        dir: PathBuf,
        /// Numeric precision of the embedder's weights (default: as the settings would choose)
        #[arg(long, value_enum)]
        precision: Option<PrecisionName>,
    },
    /// Embedding throughput
    Embed {
        /// One text a line (default: built-in abstracts)
        #[arg(long, value_name = "FILE")]
        texts: Option<PathBuf>,
        /// Numeric precision of the weights: fp32, fp16 or int8
        #[arg(long, value_enum)]
        precision: Option<PrecisionName>,
        /// Folder of the model that stock fastembed gets (default: the one measured)
        #[arg(long, value_name = "DIR")]
        stock: Option<PathBuf>,
        /// Where both cut texts, in the model's tokens; by default where stock fastembed does
        #[arg(long, value_name = "N", default_value_t = STOCK_MAX_TOKENS, value_parser = clap::value_parser!(u32).range(8..=32768))]
        max_tokens: u32,
    },
    /// Speed and memory of the optimization profiles
    Generate(BenchGenerateArguments),
    /// The origin's promises, measured
    Optimization {
        /// GGUF file, folder, or stored model's name
        #[arg(long, value_name = "GGUF")]
        model: Option<String>,
        /// F16 file of the same model
        #[arg(long, value_name = "F16.gguf")]
        reference: Option<PathBuf>,
    },
}

/// Numeric precision of an embedding model.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum PrecisionName {
    /// Four bytes a weight
    Fp32,
    /// Two bytes a weight
    Fp16,
    /// One byte a weight
    Int8,
}

impl From<PrecisionName> for docmind_core::embedding::Precision {
    fn from(name: PrecisionName) -> Self {
        match name {
            PrecisionName::Fp32 => Self::Fp32,
            PrecisionName::Fp16 => Self::Fp16,
            PrecisionName::Int8 => Self::Int8,
        }
    }
}

/// What `bench generate` takes.
#[derive(Args, Debug)]
pub struct BenchGenerateArguments {
    /// GGUF file, folder, or stored model's name
    #[arg(long, value_name = "GGUF")]
    pub model: String,
    /// Profiles, divided by commas (default: all)
    #[arg(long, value_name = "a,b", value_delimiter = ',')]
    pub profiles: Vec<String>,
    /// Tokens of the prompt
    #[arg(long, default_value_t = 512, value_name = "N")]
    pub prompt_tokens: u32,
    /// Tokens to write
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub output_tokens: u32,
    /// Runs of each profile, interleaved
    #[arg(long, default_value_t = 3, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// llama.cpp's llama-bench, to compare with
    #[arg(long, value_name = "PATH")]
    pub against: Option<PathBuf>,
}

/// What `profiles` takes.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ProfilesArguments {
    /// GGUF file, folder, or stored model's name (default: the settings' model)
    #[arg(long, value_name = "GGUF")]
    pub model: Option<String>,
    /// What is done with them (default: list them)
    #[command(subcommand)]
    pub command: Option<ProfilesCommand>,
}

/// What is done with profiles of one's own.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Make a profile of one's own, or change one
    Save(ProfileArguments),
    /// Delete a profile of one's own
    Delete {
        /// Its name
        name: String,
    },
}

/// A profile's parameters; what is not given stays as it is in the profile it is made from.
#[derive(Args, Debug)]
pub struct ProfileArguments {
    /// Letters, digits and dashes
    pub name: String,
    /// Profile to start from (default: the one of this name, or balanced)
    #[arg(long, value_name = "PROFILE")]
    pub from: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub summary: Option<String>,
    /// Which file of the model's family
    #[arg(long, value_enum, value_name = "TYPE")]
    pub weights: Option<StoredAs>,
    /// Flash attention with a cache of this type
    #[arg(long, value_enum, value_name = "TYPE", conflicts_with = "plain")]
    pub kv: Option<CacheType>,
    /// Plain attention; its cache is in half precision
    #[arg(long)]
    pub plain: bool,
    /// Context window in tokens
    #[arg(long, value_name = "N")]
    pub context: Option<u32>,
    /// Tokens read in one step
    #[arg(long, value_name = "N")]
    pub batch: Option<u32>,
    /// Tokens computed at once
    #[arg(long, value_name = "N")]
    pub ubatch: Option<u32>,
    /// Layers on the GPU: auto, all, none, or a number
    #[arg(long, value_name = "LAYERS", value_parser = offload)]
    pub gpu_layers: Option<Offload>,
    /// Processor threads; 0 is all cores
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Record the GPU's work once and replay it
    #[arg(long, value_name = "BOOL")]
    pub graph_capture: Option<bool>,
    /// Propose words that repeat a source
    #[arg(long, value_name = "BOOL")]
    pub speculation: Option<bool>,
}

/// Storage type of weights.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum StoredAs {
    /// Half precision
    F16,
    /// 8 bits
    #[value(name = "q8_0")]
    Q8_0,
    /// 4 bits
    #[value(name = "q4_k_m")]
    Q4KM,
}

/// Storage type of the cache.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CacheType {
    /// Half precision
    F16,
    /// 8 bits
    #[value(name = "q8_0")]
    Q8_0,
    /// 4 bits
    #[value(name = "q4_0")]
    Q4_0,
}

fn offload(text: &str) -> Result<Offload, String> {
    match text {
        "auto" => Ok(Offload::Auto),
        "all" => Ok(Offload::All),
        "none" => Ok(Offload::None),
        number => number
            .parse()
            .map(Offload::Layers)
            .map_err(|_| "auto, all, none, or a number of layers".to_owned()),
    }
}

/// What is done with models.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Stored models and the catalogue
    List,
    /// Fetch a GGUF file and store it
    Pull {
        /// Its https address
        name: String,
    },
    /// Store a GGUF file under its name
    Add {
        /// The file
        gguf: PathBuf,
    },
    /// Delete a stored model
    Remove {
        /// Its name
        name: String,
    },
    /// Make a smaller file of an F16 one
    Quantize {
        /// The F16 file
        gguf: PathBuf,
        /// Type of the result: q4_k_m or q8_0
        #[arg(long = "type", value_enum)]
        weights: WeightsName,
        /// Where to write it (default: beside the source)
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Storage type to quantize to.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum WeightsName {
    /// 4-bit k-quants, medium mix
    #[value(name = "q4_k_m")]
    Q4KM,
    /// 8 bits and a scale a block of 32
    #[value(name = "q8_0")]
    Q8_0,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_contract_parses() {
        for line in [
            "docmind add a b --json",
            "docmind --data-dir /x --json list",
            "docmind extract --recognise a.tif b.pdf",
            "docmind search -k 3 --mode keyword boiler",
            "docmind ask --model m.gguf --profile balanced --conversation 4 why",
            "docmind export 4 --format evidence --output e.json",
            "docmind verify e.json --in folder --recognise",
            "docmind profiles --model m.gguf",
            "docmind profiles save mine --from compact --kv q8_0 --context 16384 --gpu-layers 20 --graph-capture false",
            "docmind profiles delete mine",
            "docmind eval retrieval dir -k 10 --mode vector",
            "docmind eval answers dir --model m",
            "docmind bench search --rows 1000",
            "docmind bench embed --texts f --precision int8",
            "docmind bench generate --model m --profiles a,b --prompt-tokens 9 --output-tokens 3 --repeat 5",
            "docmind models quantize f16.gguf --type q4_k_m",
            "docmind completions bash",
            "docmind -v -v doctor",
        ] {
            Arguments::try_parse_from(line.split(' ')).unwrap();
        }
        for line in [
            "docmind add",
            "docmind fly",
            "docmind search",
            "docmind search -k many x",
            "docmind search -k 0 x",
        ] {
            assert_eq!(
                Arguments::try_parse_from(line.split(' ')).unwrap_err().exit_code(),
                2,
                "{line}"
            );
        }
    }
}
