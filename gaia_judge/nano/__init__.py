"""The embedded judge ``nano``: a small LLaVA-OneVision that knows only the synthetic world."""
