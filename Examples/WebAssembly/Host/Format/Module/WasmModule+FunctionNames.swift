extension WasmModule {
  /// A name for each function, all different: from the name section, else of its export, else of its import, else
  /// `wasm-function[N]` with its index. Of functions with the same name, the later ones get `#2`, `#3` and so on.
  ///
  /// Complexity: linear in the functions and exports.
  package func functionNames() -> [String] {
    let section = NameSection(of: self)
    var names = section.functions
    for export in exports {
      if case .function(let index) = export.kind, index < names.count, names[index] == nil, !export.name.string.isEmpty
      {
        names[index] = export.name.string
      }
    }
    var imported = 0
    for item in imports {
      guard case .function = item.type else { continue }
      names[imported] = names[imported] ?? "\(item.module).\(item.name)"
      imported += 1
    }
    return Self.distinct(names.enumerated().map { $1 ?? "wasm-function[\($0)]" })
  }

  private static func distinct(_ names: [String]) -> [String] {
    var taken = Set(names)
    if taken.count == names.count { return names }
    var occurrences: [String: Int] = [:]
    return names.map { name in
      var number = occurrences[name, default: 0] + 1
      defer { occurrences[name] = number }
      if number == 1 { return name }
      var candidate = "\(name)#\(number)"
      // A function may have been called so by its author.
      while !taken.insert(candidate).inserted {
        number += 1
        candidate = "\(name)#\(number)"
      }
      return candidate
    }
  }
}
