fn main() -> std::process::ExitCode {
    docmind_worker::generate::main()
}
