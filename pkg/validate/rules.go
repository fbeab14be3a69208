package validate

// Rules lists every rule, in the order in which they are documented.
func Rules() []Rule {
	return []Rule{
		fileSyntax(),
		mappingSyntax(),
		mappingFormat(),
		mappingName(),
		mappingUnused(),
		mappingGenerated(),
		setOwners(),
		setMapping(),
		setJob(),
		jobUnused(),
		jobOverlap(),
		jobSecret(),
		jobSecretKey(),
		jobAuth(),
		jobSchedule(),
		jobDryRun(),
		jobConfigmap(),
		jobTemplate(),
		configmapKey(),
		configmapSize(),
		duplicateDestination(),
		destinationPromoted(),
		promotionConflict(),
		sourceUnpromoted(),
		promotionRBAC(),
		sourceAccess(),
		referenceRegistry(),
		referenceTypo(),
		mappingDirection(),
		secretShared(),
		ignoreComment(),
		baselineStale(),
	}
}
