import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import FtraceX86Assembler

extension EngineState {
  /// Installs an image as a body: code in place, symbols resolved, sites in the state that the recording mode starts with. Nothing
  /// calls it yet.
  func installBody(_ image: FunctionImage, of function: FunctionEntity) throws(FtraceError) -> FunctionBody {
    try check(image)
    let callees = image.relocations.compactMap { relocation -> FunctionEntity? in
      guard case .function(let id) = EngineSymbol(relocation.symbol), id != function.id else { return nil }
      return functions[id]
    }
    let hosts = image.relocations.compactMap { relocation -> HostEntity? in
      guard case .host(let id) = EngineSymbol(relocation.symbol) else { return nil }
      return self.hosts[id]
    }
    let wide = image.declaredVectorWidth > .bits128
    let endsByReturns = image.endsByReturns
    let traits = FunctionTraits(
      variant: function.signature.map { variants.number(of: ValueLocations($0, endsByReturns: endsByReturns)) } ?? 0,
      keepsRegisters: !endsByReturns || image.abi == .wasm)
    let siteClass = try siteClass(of: image.name, excluded: wide, traits: traits, for: desired.ops)
    if !classes.hasTargets(siteClass) { try admit(siteClass) }

    var exclusion: SiteExclusion? = wide ? .wideVectors(bits: Int(image.declaredVectorWidth.rawValue)) : nil
    var records: [(site: UInt32, number: UInt32)] = []
    let born = killedReason == nil ? actual.classTargets[Int(siteClass)] : .nop
    let bornExit = killedReason == nil ? actual.exitTargets[Int(siteClass)] : .nop
    let initial = recordsFirstCalls ? nil : born
    let block: CodeBlock
    do throws(FtraceError) {
      block = try unsafe install(
        name: image.name, bytes: image.bytes, relocations: image.relocations, alignment: image.alignment,
        ownSlot: unsafe function.slot
      ) { (bytes, offset) throws(FtraceError) in
        for site in image.sites {
          let place = offset + UInt32(site.offset)
          var siteBytes = self.bytes(of: .mcount, at: place)
          if site.kind == .exit {
            siteBytes = self.bytes(of: bornExit, at: place)
          } else if killedReason != nil {
            siteBytes = .nop
          } else if let initial {
            let number = unsafe ftrace_recorder_take(tables.recorder)
            if number == 0 {
              unsafe ftrace_recorder_count_exhausted(tables.recorder)
              exclusion = exclusion ?? .noRecord
              siteBytes = .nop
            } else {
              records.append((place, number))
              siteBytes = self.bytes(of: initial, at: place)
            }
          }
          bytes.replaceSubrange(site.offset..<site.offset + 5, with: siteBytes.bytes)
        }
      }
    } catch {
      for (_, number) in records { unsafe ftrace_recorder_give(tables.recorder, number) }
      throw error
    }

    let body = FunctionBody(
      name: image.name, block: block, sites: image.sites, rawReturns: image.rawReturns, generation: nextGeneration,
      callees: callees, hosts: hosts,
      exclusion: exclusion, traits: traits, signature: function.signature, installedAt: ftrace_rdtsc(),
      ownerID: function.id,
      callsItself: image.relocations.contains {
        [.ownSlot, .function(function.id)].contains(EngineSymbol($0.symbol))
      })
    nextGeneration &+= 1
    // Nobody runs the code yet, so the tables are written without a stop.
    for (site, kind) in zip(body.siteOffsets, body.sites.map(\.kind)) {
      unsafe tables.desiredClass[Int(site >> 3)] = siteClass
      unsafe tables.recorder.pointee.site_class[Int(site >> 3)] = siteClass
      unsafe ftrace_recorder_set_index(
        tables.recorder, site, UInt32(kind == .entry ? FTRACE_INDEX_NONE : FTRACE_INDEX_DEAD))
      if kind == .exit { _ = tables.exits.add(site: site, target: bornExit) }
    }
    for (site, number) in records {
      let record = unsafe tables.record(number)
      unsafe record.pointee.site = site
      unsafe record.pointee.target = (initial ?? .nop).encoded
      unsafe record.pointee.flags = 0
      unsafe ftrace_recorder_set_index(tables.recorder, site, number)
    }
    if !recordsFirstCalls {
      // Sites without a record are NOPs for good; the recorder never sees them.
      for site in body.siteOffsets where tables.number(ofSite: site) == nil {
        unsafe ftrace_recorder_set_index(tables.recorder, site, UInt32(FTRACE_INDEX_DEAD))
      }
    }
    let tag = nextTag
    nextTag &+= 1
    arena.setTag(tag, of: block)
    bodies[tag] = body
    for callee in callees { callee.callers.insert(ObjectIdentifier(body)) }
    if body.callsItself { function.callers.insert(ObjectIdentifier(body)) }
    for host in hosts { host.callers.insert(ObjectIdentifier(body)) }
    bodiesByIdentity[ObjectIdentifier(body)] = body
    tellObservers(body)
    return body
  }

  /// Whether the sites of new functions are told to the recorder by their first calls.
  private var recordsFirstCalls: Bool { configuration.recording == .onFirstCall && killedReason == nil }

  /// The class of a function of that name under the filters of some ops.
  func siteClass(
    of name: String, excluded: Bool, traits: FunctionTraits, for list: [RegisteredOps]
  ) throws(FtraceError) -> UInt16 {
    var siteClass = SiteClass(excluded: excluded)
    if !excluded { for ops in list where !ops.isShared { siteClass.set(ops, filter: ops.filter, of: name) } }
    siteClass.distinguish(traits, for: variantMembers)
    return try classes.number(of: siteClass)
  }

  private func check(_ image: FunctionImage) throws(FtraceError) {
    func fail(_ problem: ImageProblem) -> FtraceError { .invalidImage(image.name, reason: problem) }
    guard !image.bytes.isEmpty else { throw fail(.empty) }
    guard image.bytes.count <= arena.codeAddresses.count else { throw fail(.tooLarge(bytes: image.bytes.count)) }
    guard image.alignment > 0, image.alignment <= System.pageSize, image.alignment.nonzeroBitCount == 1 else {
      throw fail(.alignment(image.alignment))
    }
    var end = 0
    for site in image.sites.sorted(by: { $0.offset < $1.offset }) {
      guard site.offset >= 0, site.offset <= image.bytes.count - 5 else {
        throw fail(.siteOutOfRange(offset: site.offset))
      }
      guard site.offset >= end else { throw fail(.sitesOverlap(offset: site.offset)) }
      guard site.offset % 8 <= 3 else { throw fail(.siteCrossesWord(offset: site.offset)) }
      // The address tells the two kinds apart.
      guard (site.kind == .entry) == (site.offset % 16 == 0) else {
        throw fail(.sitePlace(offset: site.offset, kind: site.kind))
      }
      let found = Array(image.bytes[site.offset..<site.offset + 5])
      guard found == SiteBytes.nop.bytes || found[0] == 0xE8 else {
        throw fail(.siteBytes(offset: site.offset, found: found))
      }
      end = site.offset + 5
    }
  }
}
