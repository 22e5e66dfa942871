import Synchronization

/// Numbers of function types, the same for equal types in the whole process: what an indirect call compares.
enum SignatureNumbers {
  private static let numbers = Mutex<[FunctionType: UInt32]>([:])

  static func number(of type: FunctionType) -> UInt32 {
    numbers.withLock { numbers in
      if let number = numbers[type] { return number }
      let number = UInt32(numbers.count + 1)
      numbers[type] = number
      return number
    }
  }
}
