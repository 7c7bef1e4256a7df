use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(version)]
enum Command {
    Serve(xianshen::cli::serve::Args),
}

fn main() -> ExitCode {
    let Command::Serve(args) = Command::parse();
    xianshen::cli::serve::run(args)
}
