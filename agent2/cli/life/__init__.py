"""The lives of the programs: started, stopped, reloaded, looked for."""
