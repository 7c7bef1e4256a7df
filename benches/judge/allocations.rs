//! An allocator that counts, per thread, how often it was asked for memory.
//! Must not know what is measured.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use tikv_jemallocator::Jemalloc;

thread_local! {
    // No destructor and no lazy start: it may be touched inside the allocator.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

pub struct Counting;

/// Allocations and reallocations of this thread so far.
pub fn count() -> u64 {
    COUNT.with(Cell::get)
}

fn one_more() {
    COUNT.with(|count| count.set(count.get() + 1));
}

// SAFETY: every call is passed on unchanged to the allocator of the binary.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        one_more();
        unsafe { Jemalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        one_more();
        unsafe { Jemalloc.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        one_more();
        unsafe { Jemalloc.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { Jemalloc.dealloc(old, layout) }
    }
}
