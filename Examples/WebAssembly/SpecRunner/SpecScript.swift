import FoundationEssentials

/// A test script of the specification, as the converters write it: modules in files beside it, and a list of commands.
struct SpecScript: Decodable {
  let commands: [SpecCommand]

  init(contentsOf path: String) throws {
    let data = try Data(contentsOf: URL(filePath: path))
    self = try JSONDecoder().decode(SpecScript.self, from: data)
  }
}

/// One command. Which of the properties it has depends on its type.
struct SpecCommand: Decodable {
  enum Kind: String, Decodable {
    case module, register, action
    case moduleDefinition = "module_definition"
    case moduleInstance = "module_instance"
    case assertReturn = "assert_return"
    case assertTrap = "assert_trap"
    case assertExhaustion = "assert_exhaustion"
    case assertException = "assert_exception"
    case assertMalformed = "assert_malformed"
    case assertInvalid = "assert_invalid"
    case assertUnlinkable = "assert_unlinkable"
    case assertUninstantiable = "assert_uninstantiable"
  }

  let type: Kind
  let line: Int
  let name: String?
  let filename: String?
  /// Modules that the script has as text are in `filename`, and here if the converter made a binary of them.
  let binaryFilename: String?
  let moduleType: String?
  /// Of `register`: under which name others import it.
  let registeredName: String?
  /// Of `module_instance`: the definition, and the name of the new instance.
  let module: String?
  let instance: String?
  let action: SpecAction?
  let expected: [SpecConstant]?
  /// How the specification words the complaint.
  let text: String?

  enum CodingKeys: String, CodingKey {
    case type, line, name, filename, module, instance, action, expected, text
    case binaryFilename = "binary_filename"
    case moduleType = "module_type"
    case registeredName = "as"
  }
}

/// A call of an exported function, or a look at an exported global.
struct SpecAction: Decodable {
  enum Kind: String, Decodable {
    case invoke, get
  }

  let type: Kind
  /// The name of the instance; nil for the latest.
  let module: String?
  let field: String
  let args: [SpecConstant]?
}

/// A value as scripts write it: numbers are bit patterns in decimal.
struct SpecConstant: Decodable {
  let type: String
  let value: String?
  /// Of the type `either`.
  let values: [SpecConstant]?

  enum CodingKeys: String, CodingKey {
    case type, value, values
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    type = try container.decode(String.self, forKey: .type)
    values = try container.decodeIfPresent([SpecConstant].self, forKey: .values)
    // A vector of 128 bits has a list here; its type says what is wrong with it.
    value = type == "v128" ? nil : try container.decodeIfPresent(String.self, forKey: .value)
  }
}
