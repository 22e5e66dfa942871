#if !(os(Linux) && arch(x86_64))
  #error("swift-ftrace needs Linux on x86-64")
#endif
