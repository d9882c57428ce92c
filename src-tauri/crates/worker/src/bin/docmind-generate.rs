//! Writes answers for DocMind, in a process of its own. Started by the application; speaks frames on stdin and stdout.

fn main() -> std::process::ExitCode {
    docmind_worker::generate::main()
}
