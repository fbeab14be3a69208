package validate

// Rules lists every rule, in the order in which they are documented.
func Rules() []Rule {
	return []Rule{
		fileSyntax(),
		mappingSyntax(),
		mappingName(),
		mappingUnused(),
		setOwners(),
		setMapping(),
		setJob(),
		jobUnused(),
		configmapKey(),
		duplicateDestination(),
		destinationPromoted(),
		promotionConflict(),
		sourceUnpromoted(),
		promotionRBAC(),
		sourceAccess(),
	}
}
