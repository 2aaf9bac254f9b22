package org.simreg.worker.train;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Network;

/** Two files of teachers for the tests of a class, and a folder for each test. */
abstract class TwoTeachers {
    static String first;
    static String second;

    @TempDir
    Path folder;

    @BeforeAll
    static void writeTeachers(@TempDir Path shared) {
        first = SmallRun.teacher(shared, Network.MOBILENET_V2, 1);
        second = SmallRun.teacher(shared, Network.MOBILENET_V2, 2);
    }
}
