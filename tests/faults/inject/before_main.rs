//! What native libraries have: code that runs before `main`.

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    orders::faults::at("before main").expect("there is no way to go on");
}
