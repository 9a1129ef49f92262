import Ordeals

/// What the fuzzer calls with each input.
@c(LLVMFuzzerTestOneInput)
public func tryInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    Ordeal.open.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
