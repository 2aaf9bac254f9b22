/**
 * The manifests and the chart below {@code k8s/}, rendered as a cluster would get them and held
 * against the Kubernetes API's fields and our own rules.
 */
package org.simreg.coordinator.k8s;
