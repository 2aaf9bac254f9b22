/**
 * The student of a job: its networks, its first state, and the checkpoint of a run. Read {@link
 * org.simreg.worker.train.student.StudentBuilder} first, then {@link
 * org.simreg.worker.train.student.RunCheckpoint}.
 */
package org.simreg.worker.train.student;
