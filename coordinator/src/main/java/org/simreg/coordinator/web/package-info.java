/**
 * The HTTP face of a process: metrics and health for machines, and on the coordinator a page for
 * people. It only shows; whoever wants to change something uses gRPC.
 */
package org.simreg.coordinator.web;
