package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TeacherSourceTest {
    @Test
    void theTextSaysWhereTheTeacherComesFrom() {
        assertEquals(new TeacherSource.Self(), TeacherSource.of("self"));
        assertEquals(new TeacherSource.Weights("./self"), TeacherSource.of("./self"));
        assertEquals(new TeacherSource.TorchScript("a b.pt"), TeacherSource.of("torchscript:a b.pt"));
        assertEquals(new TeacherSource.Weights("moco.pth.tar"), TeacherSource.of("moco.pth.tar"));
    }
}
