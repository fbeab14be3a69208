// Command podcheck reads Pods, as JSON or YAML documents from files, and fails
// where the API server of Kubernetes would refuse to create one.
package main

import (
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	podutil "k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/core"
	v1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	"sigs.k8s.io/yaml"
)

func main() {
	refused := 0
	for _, name := range os.Args[1:] {
		for _, problem := range check(name) {
			fmt.Fprintf(os.Stderr, "%s: %s\n", name, problem)
			refused++
		}
	}
	if refused > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d pods would be created\n", len(os.Args)-1)
}

// check returns what the API server would say about a Pod, once it has filled in
// what a Pod may leave out.
func check(name string) []string {
	text, err := os.ReadFile(name)
	if err != nil {
		return []string{err.Error()}
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(text, &pod); err != nil {
		return []string{err.Error()}
	}
	if pod.Namespace == "" {
		pod.Namespace = "ci"
	}
	v1.SetObjectDefaults_Pod(&pod)
	var internal core.Pod
	if err := v1.Convert_v1_Pod_To_core_Pod(&pod, &internal, nil); err != nil {
		return []string{err.Error()}
	}
	var out []string
	for _, e := range validation.ValidatePodCreate(&internal, podutil.GetValidationOptionsFromPodSpecAndMeta(&internal.Spec, nil, &internal.ObjectMeta, nil)) {
		out = append(out, e.Error())
	}
	return out
}
