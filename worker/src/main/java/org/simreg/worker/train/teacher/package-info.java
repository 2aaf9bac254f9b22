/**
 * Teachers: the frozen networks whose features the student regresses, and features that are kept
 * for views that come again. Read {@link org.simreg.worker.train.teacher.Targets} first, then
 * {@link org.simreg.worker.train.teacher.FrozenTeacher}.
 */
package org.simreg.worker.train.teacher;
