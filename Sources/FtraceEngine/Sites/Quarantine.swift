/// A site that is not written any more, because its bytes were not what its record says.
public struct QuarantinedSite: Hashable, Sendable {
  /// Address of the site.
  public var ip: UInt
  /// Name of the function that holds it.
  public var function: String
  /// The five bytes that its record says.
  public var expected: [UInt8]
  /// What was there instead; nothing if the page cannot be written at all.
  public var found: [UInt8]
}

extension QuarantinedSite: CustomStringConvertible {
  public var description: String {
    "\(function) at 0x\(String(ip, radix: 16)): expected \(expected.hex), found \(found.isEmpty ? "a page that cannot be written" : found.hex)"
  }
}
