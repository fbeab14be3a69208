package report

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/mirror-tools/mirror-tools/internal/text"
	"github.com/mirror-tools/mirror-tools/pkg/source"
	"github.com/mirror-tools/mirror-tools/pkg/validate"
)

// The part of SARIF 2.1.0 that code scanning reads. It is small enough to be
// written by hand; a library would bring the whole model and no check.
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	ColumnKind  string            `json:"columnKind"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string    `json:"id"`
	Short   sarifText `json:"shortDescription"`
	Full    sarifText `json:"fullDescription"`
	Help    sarifText `json:"help"`
	Default struct {
		Level string `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifInvocation struct {
	Successful    bool                `json:"executionSuccessful"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Properties   struct {
		Cause string `json:"cause"`
	} `json:"properties"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI  string `json:"uri"`
			Base string `json:"uriBaseId"`
		} `json:"artifactLocation"`
		Region struct {
			Line   int `json:"startLine"`
			Column int `json:"startColumn"`
		} `json:"region"`
	} `json:"physicalLocation"`
}

// SARIFOptions has what SARIF needs beyond the findings.
type SARIFOptions struct {
	Version string // of the command
	// Source returns the text of a file, to count columns in UTF-16; without it
	// every character counts as one.
	Source func(file string) []byte
}

// SARIF writes the findings as one run of SARIF 2.1.0. Columns count UTF-16
// code units, as most readers take them whatever columnKind says. The
// fingerprint of our own is made of rule, file and message, and the one that
// GitHub compares, primaryLocationLineHash, also of the text of the line, so
// that both outlive a change of lines; equal ones are numbered. Related places
// are in the text, because GitHub shows no others.
func SARIF(w io.Writer, r *validate.Result, rules []validate.Rule, opts SARIFOptions) error {
	run := sarifRun{ColumnKind: "utf16CodeUnits", Results: make([]sarifResult, 0, len(r.Findings))}
	run.Tool.Driver = sarifDriver{
		Name: "mirror-lint", Version: opts.Version, InformationURI: "https://github.com/mirror-tools/mirror-tools",
		Rules: make([]sarifRule, 0, len(rules)),
	}
	for _, rule := range rules {
		help := cmp.Or(rule.Help(), rule.Title)
		why, _, _ := strings.Cut(help, "\n\n")
		s := sarifRule{ID: rule.ID, Short: sarifText{rule.Title}, Full: sarifText{why}, Help: sarifText{help}}
		s.Default.Level = sarifLevel(rule.Severity)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, s)
	}
	invocation := sarifInvocation{Successful: true}
	for _, s := range r.Skipped {
		invocation.Notifications = append(invocation.Notifications, sarifNotification{"note", sarifText{text.Clean("skipped: " + s.Rule + ": " + s.Reason)}})
	}
	run.Invocations = []sarifInvocation{invocation}
	times := map[string]int{}
	lines := newLines(opts.Source)
	for _, f := range r.Findings {
		line, _ := lines.at(f.Pos)
		own := number(times, f.Rule, f.Pos.File, f.Message)
		primary := number(times, f.Rule, f.Pos.File, f.Message, strings.TrimSpace(string(line)))
		var loc sarifLocation
		loc.Physical.Artifact.URI = (&url.URL{Path: f.Pos.File}).String()
		loc.Physical.Artifact.Base = "%SRCROOT%"
		loc.Physical.Region.Line, loc.Physical.Region.Column = max(f.Pos.Line, 1), lines.utf16Column(f.Pos)
		result := sarifResult{
			RuleID: f.Rule, Level: sarifLevel(f.Severity), Message: sarifText{text.Clean(plainText(f))}, Locations: []sarifLocation{loc},
			Fingerprints: map[string]string{"mirrorLint/v1": own, "primaryLocationLineHash": primary},
		}
		result.Properties.Cause = f.CauseID()
		run.Results = append(run.Results, result)
	}
	return text.JSON(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// number makes a fingerprint and counts how often it was made.
func number(times map[string]int, parts ...string) string {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(parts, "\x00"))))
	times[sum]++
	return fmt.Sprintf("%s:%d", sum, times[sum])
}

func sarifLevel(s source.Severity) string {
	if s == source.Info {
		return "note"
	}
	return s.String()
}
