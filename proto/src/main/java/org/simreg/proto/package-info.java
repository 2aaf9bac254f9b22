/**
 * Messages between clients, coordinator and workers (generated), and the rules of a job: defaults,
 * bounds, checks. Read {@link org.simreg.proto.JobSettings} first.
 */
package org.simreg.proto;
