/**
 * Who may call what: bearer tokens with roles, the table of the roles that RPCs need, and the
 * interceptor that every call passes.
 */
package org.simreg.coordinator.access;
