package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JobFieldTest {
    @Test
    void everyFieldHasHelpAFlagAndAWayToAValue() {
        assertEquals(79, JobField.all().size(), "settings reached by the walk");
        for (JobField field : JobField.all()) {
            Setting setting = field.setting();
            assertFalse(setting.getHelp().isBlank(), field.key());
            assertFalse(setting.getHelp().endsWith("."), field.key());
            // The lineage of a continued run is written, never asked for.
            String flag = field.key().startsWith("continued.") ? "" : "--[a-z0-9]+(-[a-z0-9]+)*";
            assertTrue(field.flag().orElse("").matches(flag), field.key());
        }
    }

    @Test
    void noTwoFieldsShareAFlag() {
        List<String> flags =
                JobField.all().stream().flatMap(field -> field.flag().stream()).toList();
        assertEquals(flags.size(), Set.copyOf(flags).size());
    }

    @Test
    void everyDeclaredDefaultIsAValueWithinItsBounds() {
        for (JobField field : JobField.all()) {
            String value = field.setting().getValue();
            if (!value.isEmpty()) {
                FieldText.parseAll(field.field(), value);
                int said = field.setting().getComputed().isEmpty() ? 0 : 1;
                assertEquals(0, said, field.key() + " has a default and a rule for it");
            }
        }
    }

    @Test
    void everyRealNumberHasBothBoundsSoThatNanIsRefused() {
        JobField.all().stream()
                .filter(f -> f.field().getJavaType() == JavaType.DOUBLE)
                .forEach(f -> assertTrue(f.setting().hasMin() && f.setting().hasMax(), f.key()));
    }

    @Test
    void aFieldSaysWhatAReaderNeeds() {
        JobField size = field("views.size");
        assertEquals(Optional.of("--size"), size.flag());
        assertEquals("8 to 1024 px", size.bounds());
        assertEquals("224", size.fallback());
        assertEquals("required", field("dataset.path").fallback());
        assertEquals("none", field("student.init").fallback());
        assertEquals("released, paper, linear", field("head.form").bounds());
        assertTrue(field("teachers.source").inList());
        assertEquals(List.of("float32", "bfloat16"), field("precision").values());
    }

    @Test
    void aPlaceNamesTheOptionAlsoInsideAList() {
        assertEquals("teachers[3].source (--teacher)", JobField.place("teachers[3].source"));
        assertEquals("head", JobField.place("head"));
    }

    private static JobField field(String key) {
        return JobField.all().stream()
                .filter(f -> f.key().equals(key))
                .findFirst()
                .orElseThrow();
    }
}
