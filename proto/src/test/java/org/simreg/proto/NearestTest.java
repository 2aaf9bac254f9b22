package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NearestTest {
    private static final List<String> KNOWN = List.of("epochs", "batch", "lr", "momentum", "schedule");

    @ParameterizedTest
    @ValueSource(strings = {"epoch", "epohcs", "epocs", "epochss", "eposhs", "epochs"})
    void aMisspeltNameFindsItsOwn(String asked) {
        assertEquals(Optional.of("epochs"), Nearest.of(asked, KNOWN));
    }

    @ParameterizedTest
    @ValueSource(strings = {"colour", "x", "", "zzzzzzzzzzzz"})
    void aStrangerIsNotMistakenForAnyone(String asked) {
        assertEquals(Optional.empty(), Nearest.of(asked, KNOWN));
        assertEquals("", Nearest.hint(asked, KNOWN));
    }

    @ParameterizedTest
    @ValueSource(strings = {"momemtum", "mometnum"})
    void theHintAsks(String asked) {
        assertEquals("; did you mean momentum?", Nearest.hint(asked, KNOWN));
    }

    @Test
    void ofManyNamesTheNearestAreNamedAndTheCommandThatListsAll() {
        List<String> known =
                JobField.of(Student.getDescriptor().findFieldByName("network")).values();
        String said = Nearest.refusal("resnt18", known);
        assertTrue(said.contains("the nearest are resnet18, resnet"), said);
        assertTrue(said.endsWith("and `simreg networks` lists all") && said.length() < 180, said);
        assertEquals(" is not one of a, b", Nearest.refusal("xyz", List.of("a", "b")));
    }
}
